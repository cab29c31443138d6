/** Names that a COPY takes files from, and the stages that may be meant. */

/** Names that people give to stages, and that no official image has. */
export const stageWords =
  /^(?:build|builder|building|base|deps|dependencies|dev|development|prod|production|release|runtime|runner|final|install|installer|compile|compiler|assets|frontend|backend|client|server|app|web|ui|prune|pruner|vendor|wheels|static)(?:[-_][a-z0-9]+)*$/;

/** One name begins with the other, or two letters make the difference. */
export function isAlike(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  if (short.length >= 4 && long.startsWith(short)) return true;
  return short.length >= 5 && distance(one, other) <= 2;
}

function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1));
    row = next;
  }
  return row[other.length]!;
}

/**
 * The stage that a name surely means although none has it: the build stops there, and whoever mends the name gets what
 * that stage holds. `earlier` is what stands above, in order.
 */
export function stageMeant<S extends { readonly name?: { readonly value: string } }>(
  name: string,
  earlier: readonly S[],
): S | undefined {
  if (!stageWords.test(name)) return undefined;
  const alike = earlier.filter(each => each.name && isAlike(each.name.value.toLowerCase(), name));
  if (alike.length > 0) return alike.length === 1 ? alike[0] : undefined;
  return earlier.length === 1 && !earlier[0]!.name ? earlier[0] : undefined;
}
