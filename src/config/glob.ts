/**
 * Does a relative path match a glob? `*` and `?` stay within one path segment, `**` crosses segments, and a
 * pattern that names a directory covers all that is in it. Takes time proportional to pattern times path.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  const wanted = pattern.replace(/^\.\//, "").replace(/\/+$/, "").split("/");
  const given = path.split("/");
  // reach[i]: the pattern's first i segments can match the path's segments read so far.
  let reach = new Array<boolean>(wanted.length + 1).fill(false);
  reach[0] = true;
  skipDoubleStars(wanted, reach);
  for (const segment of given) {
    if (reach[wanted.length]) return true; // everything below a directory that matched
    const next = new Array<boolean>(wanted.length + 1).fill(false);
    for (let i = 0; i < wanted.length; i++) {
      if (!reach[i]) continue;
      if (wanted[i] === "**") next[i] = true;
      else if (matchesSegment(wanted[i]!, segment)) next[i + 1] = true;
    }
    skipDoubleStars(wanted, next);
    reach = next;
  }
  return reach[wanted.length] === true || (wanted.at(-1) === "**" && reach[wanted.length - 1] === true);
}

/** `**` may stand for nothing. */
function skipDoubleStars(wanted: readonly string[], reach: boolean[]): void {
  for (let i = 0; i < wanted.length; i++) {
    if (reach[i] && wanted[i] === "**" && i + 1 < wanted.length) reach[i + 1] = true;
  }
}

function matchesSegment(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star !== -1) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
