/** Version ranges as manifests write them, against what an image's tag promises. */

type Version = readonly [number, number, number];

/**
 * The newest version that a tag can mean: `20` is the last 20.x, `20.10-alpine` the last 20.10.x. Undefined for tags
 * that do not begin with a number.
 */
export function newestOf(tag: string | undefined): Version | undefined {
  const found = /^(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?(?=$|[-_+])/.exec(tag ?? "");
  if (!found) return undefined;
  const part = (text: string | undefined): number => (text === undefined ? 9_999 : Number(text));
  return [Number(found[1]), part(found[2]), part(found[3])];
}

/**
 * Whether a version satisfies a range of npm, Poetry or PEP 440, as far as they agree. Undefined for a range with
 * anything unusual in it.
 */
export function satisfies(version: Version, range: string): boolean | undefined {
  if (range.length > 200) return undefined;
  let known = false;
  for (const alternative of range.split("||")) {
    const verdict = satisfiesAll(version, alternative.trim());
    if (verdict === undefined) return undefined;
    known ||= verdict;
  }
  return known;
}

function satisfiesAll(version: Version, text: string): boolean | undefined {
  if (text === "" || text === "*" || text === "x") return true;
  const hyphen = /^v?([\d.]+)\s+-\s+v?([\d.]+)$/.exec(text);
  const terms = hyphen
    ? [`>=${hyphen[1]}`, `<=${hyphen[2]}`]
    : text.replace(/([<>=!~^]+)\s+/g, "$1").split(/[\s,]+/);
  let all = true;
  for (const term of terms.filter(Boolean)) {
    const verdict = satisfiesTerm(version, term);
    if (verdict === undefined) return undefined;
    all &&= verdict;
  }
  return all;
}

function satisfiesTerm(version: Version, term: string): boolean | undefined {
  const found = /^(\^|~=|~|>=|<=|>|<|={1,3}|!=)?v?(\d{1,4})((?:\.(?:\d{1,4}|[xX*])){0,2})$/.exec(term);
  if (!found) return undefined;
  const operator = found[1] ?? "=";
  const rest = found[3]!.split(".").slice(1);
  const wild = rest.findIndex(part => !/^\d+$/.test(part));
  const parts = [Number(found[2]), ...(wild === -1 ? rest : rest.slice(0, wild)).map(Number)];
  const low: Version = [parts[0]!, parts[1] ?? 0, parts[2] ?? 0];
  // What is left out stands for anything: `20` is every 20.x.
  const high: Version = [parts[0]!, parts[1] ?? 9_999, parts[2] ?? 9_999];
  const atLeast = compare(version, low) >= 0;
  switch (operator) {
    case ">=":
      return atLeast;
    case ">":
      return compare(version, high) > 0;
    case "<":
      return compare(version, low) < 0;
    case "<=":
      return compare(version, high) <= 0;
    case "!=":
      return true;
    case "^": {
      // The first figure that is not zero stays as it is.
      const fixed = low[0] > 0 || parts.length === 1 ? 0 : low[1] > 0 || parts.length === 2 ? 1 : 2;
      return atLeast && version.slice(0, fixed + 1).every((figure, index) => figure === low[index]);
    }
    case "~":
      return atLeast && version[0] === low[0] && (parts.length === 1 || version[1] === low[1]);
    case "~=":
      return atLeast && version[0] === low[0] && (parts.length < 3 || version[1] === low[1]);
    default:
      return atLeast && compare(version, high) <= 0;
  }
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Older than everything the range allows: what fails is the lack of something new. */
export function isTooOld(version: Version, range: string): boolean {
  const newer: Version = [version[0] + 100, 0, 0];
  if (satisfies(version, range) !== false) return false;
  if (satisfies(newer, range) === true) return true;
  for (let major = version[0]; major <= version[0] + 30; major++)
    if (satisfies([major, 9_999, 9_999], range) === true) return true;
  return false;
}
