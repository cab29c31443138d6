/** A command as Dockerfiles and Compose files spell it when no shell shall read it. */
export function execForm(words: readonly string[]): string {
  return `[${words.map(word => JSON.stringify(word)).join(", ")}]`;
}
