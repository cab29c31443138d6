const deepBlock = /^[ \t]*(?:[-?:][ \t]+){200}/m;

/** Offset at which collections are nested deeper than any honest file, before the parser recurses. */
export function tooDeepAt(text: string): number | undefined {
  // `- - - a`: a block in a block on one line.
  const block = text.search(deepBlock);
  if (block !== -1) return block;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5b || c === 0x7b) {
      if (++depth > 1000) return i;
    } else if (c === 0x5d || c === 0x7d) depth = Math.max(0, depth - 1);
  }
  return undefined;
}
