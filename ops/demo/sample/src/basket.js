/** The total of a basket in cents, with `discountPercent` off. */
export function total(items, discountPercent = 0) {
  const sum = items.reduce((cents, item) => cents + item.cents, 0);
  return Math.round(sum * (1 - discountPercent / 100));
}
