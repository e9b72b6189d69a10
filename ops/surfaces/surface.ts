/** What a surface can be asked to do, whatever it is: a command line, a library, a host. */
export interface Surface {
  readonly name: SurfaceName;
  /** The user that the services know behind it. */
  logIn(): Promise<string>;
  /** A run of this agent command; its id. */
  start(command: string[]): Promise<string>;
  /** Follows a run to its end: the steps that its agent printed, as this surface saw them, in order. */
  follow(runId: string): { seen(): number[]; ended: Promise<number[]> };
  approve(runId: string, approvalId: string): Promise<void>;
  cancel(runId: string): Promise<void>;
  steer(runId: string, text: string): Promise<void>;
  interrupt(runId: string): Promise<void>;
  /** What it says when the services no longer serve its build. */
  outdated(): Promise<string>;
  close(): Promise<void>;
}

export const SURFACES = ['oa', 'node client', 'agent host', 'browser'] as const;
export type SurfaceName = (typeof SURFACES)[number];

/** The steps in text that an agent printed as `step N`. */
export function stepsIn(text: string): number[] {
  return [...text.matchAll(/\bstep (\d+)/g)].map(([, step]) => Number(step));
}
