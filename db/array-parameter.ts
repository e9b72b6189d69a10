/**
 * An array of bigint as a parameter. postgres.js names a parameter's type after its first element and would
 * call the whole array a scalar of it; as text the server reads the elements by the cast beside the parameter.
 */
export function arrayParameter(values: readonly (bigint | null)[]): (string | null)[] {
  return values.map((value) => (value === null ? null : value.toString()));
}
