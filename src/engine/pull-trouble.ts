const causes: readonly (readonly [RegExp, (registry: string, image: string) => string])[] = [
  [
    /no such host|server misbehaving|temporary failure in name resolution|lookup \S+ on/i,
    (registry, image) =>
      `the name ${registry} does not resolve from the engine. Give the engine a network, or bring the image: docker load, or docker tag SOME-IMAGE ${image}`,
  ],
  [
    /toomanyrequests|rate limit/i,
    registry => `${registry} gives this address no more images for now. Wait, or docker login ${registry}`,
  ],
  [
    /unauthorized|authentication required|denied|no basic auth|forbidden/i,
    (registry, image) =>
      `${registry} does not hand it out without a login, or it does not exist. Try: docker login ${registry}, docker pull ${image}`,
  ],
  [
    /manifest unknown|not found|no matching manifest|name unknown/i,
    (registry, image) =>
      `${registry} has no such image, or none for this machine. Look at its tag: docker manifest inspect ${image}`,
  ],
  [
    /x509|certificate/i,
    registry =>
      `the engine does not trust the certificate of ${registry}. Give the engine its authority, or its proxy's`,
  ],
  [/no space left/i, () => "the engine's disk is full. Make room: docker system df"],
  [
    /timeout|deadline exceeded|connection refused|network is unreachable|no route to host|connection reset|EOF/i,
    (registry, image) =>
      `${registry} cannot be reached from the engine. Try: docker pull ${image}, or bring the image: docker load`,
  ],
];

/**
 * Why an image could not be pulled, and what to do about it. The engine's own words name its resolver and addresses,
 * which say nothing to a reader and should not be in a report; where the cause is not known, their last line is kept
 * without addresses.
 */
export function pullTrouble(image: string, words: string): string {
  const found = causes.find(([pattern]) => pattern.test(words));
  // Who shows it ends the sentence.
  if (found) return found[1](registryOf(image), image);
  const last = words.trim().split("\n").at(-1) ?? "";
  return last.replace(/\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b|\[[0-9a-f:]+\](:\d+)?/gi, "an address");
}

/** What a builder said, without the address of the resolver that it asked: that is this machine's own affair. */
export function withoutResolver(words: string): string {
  return words.replace(/(\blookup \S+) on [\d.:a-f[\]]+(?=:\s)/gi, "$1");
}

/** `ghcr.io` of `ghcr.io/a/b:1`; an image without a registry is Docker Hub's. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
}
