/** A result travels through a workflow's history, which takes no long lists; a person reads the first few anyway. */
const NAMES_MAX = 256;
const CHARACTERS_MAX = 16_384;

/** The first names of a list, and a last entry that says how many more there are. */
export function boundedNames(names: readonly string[]): string[] {
  let characters = 0;
  const kept = names.slice(0, NAMES_MAX).filter((name) => {
    characters += name.length;
    return characters <= CHARACTERS_MAX;
  });
  const more = names.length - kept.length;
  return more > 0 ? [...kept, `and ${more} more`] : kept;
}
