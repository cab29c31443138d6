/**
 * Expressions of a workflow are filled in before any shell sees them. What they hold is known to the platform alone;
 * what stands here is what a lab has in its place.
 */

/** The user that deploys, on the stand-in for a server. */
const deployer = "deploy";

/** Names of users of other things than the server. */
const elsewhere =
  /MAIL|SMTP|DB|DATABASE|POSTGRES|MYSQL|SQL|REDIS|REGISTRY|DOCKER|GHCR|HUB|ADMIN|SUPER|BASIC|API/i;

/** `${{ secrets.X || 'y' }}` is y where X is not set, as in a lab. */
export function filled(text: string): string {
  return text.replace(/\$\{\{([^}]*)\}\}/g, (_, inside: string) => {
    const otherwise = /\|\|\s*'([^']*)'\s*$/.exec(inside);
    if (otherwise) return otherwise[1]!;
    const name = /(\w+)\s*$/.exec(inside)?.[1] ?? "";
    return /USER(_?NAME)?$/i.test(name) && !elsewhere.test(name) ? deployer : "lab";
  });
}

/** Directories that the text changes to and that an expression is part of, as the lab has them. */
export function filledPlaces(text: string): string[] {
  const changes = text.matchAll(/^[ \t]*cd\s+["']?((?:\$\{\{[^}]*\}\}|[\w./~-])+)/gm);
  const places = [...changes].map(([, path]) => path!).filter(path => path.includes("${{"));
  return places.map(path => filled(path).replace(/\/$/, "")).filter(path => /^(\/|~\/)./.test(path));
}
