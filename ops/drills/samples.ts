/** Reads the text that a process gives Prometheus, to see what an alert would see. */
export interface Samples {
  /** The sum over all series of a name whose labels match. */
  sum(name: string, where?: Readonly<Record<string, string>>): number;
}

export async function scrape(port: number): Promise<Samples> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  const series = (await answer.text()).split('\n').flatMap(parse);
  return {
    sum: (name, where = {}) =>
      series
        .filter((one) => one.name === `openagents_${name}`)
        .filter(({ labels }) => Object.entries(where).every(([key, text]) => labels[key] === text))
        .reduce((total, { value }) => total + value, 0),
  };
}

function parse(line: string) {
  const [, name, labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
  if (!name) return [];
  const pairs = [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, key, text]) => [key, text]);
  return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
}
