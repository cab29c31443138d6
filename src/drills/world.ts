/** What programs say when something outside the project is not there: no fault of what is committed. */
const patterns = [
  // Names, connections, certificates.
  /no such host|server misbehaving|dial tcp|lookup |TLS handshake|x509:|certificate verify failed|CERT_|self.signed certificate/i,
  /Temporary failure in name resolution|Could not resolve|EAI_AGAIN|ENOTFOUND|ETIMEDOUT|ECONNRE|network is unreachable|connection timed out|connection refused/i,
  /Failed to establish a new connection|ReadTimeoutError|Failed to fetch|\b(408|429|502|503|504)\b.*(error|unavailable|too many|gateway|timeout)/i,
  // Registries and package indexes: an index that has nothing of a package is not the one that was meant.
  /toomanyrequests|rate limit|pull access denied|cannot be pulled|failed to resolve source metadata/i,
  /from versions: none|Unable to find installation candidates|^\W*0 candidate\(s\) were identified for the package/im,
  // The machine, and the engine's own networks.
  /no space left|failed to create endpoint|no such network interface|Then nothing for|did not end within/i,
];

/** Whether words of a program that failed say so because the world is not there, as in a lab without a way out. */
export function isOfTheWorld(words: string): boolean {
  return patterns.some(pattern => pattern.test(words));
}
