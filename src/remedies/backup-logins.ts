import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import type { Service, Stack } from "../stack/stack.ts";

/** How stores whose own commands say so let their clients in. */

/** A MongoDB of 4.4 or later that listens where everybody expects it, and asks for the image's own account or none. */
export function isOrdinaryMongo(store: Service): boolean {
  const version = /^(\d+)(?:\.(\d+))?/.exec(store.imageRef?.tag ?? "");
  const [major, minor] = [Number(version?.[1] ?? 99), Number(version?.[2] ?? 9)];
  if (major < 4 || (major === 4 && minor < 4) || store.entrypoint) return false;
  const words = store.command?.words.map(word => word.value ?? "?") ?? [];
  const asks = store.environment.some(each => each.name.startsWith("MONGO_INITDB_ROOT_USERNAME"));
  const other = asks
    ? /^(?:-f$|--(?:config|port|tls|ssl))/
    : /^(?:-f$|--(?:config|port|tls|ssl|auth|keyFile|x509))/;
  return !words.some(word => other.test(word));
}

export interface RedisLogin {
  /** The password as the Compose file writes it; left out where the server asks for none. */
  readonly raw?: string;
  /** Where it stands, and the text there. */
  readonly at?: Location;
  readonly text: string;
}

/** Undefined where the server is told things that a backup would have to know: TLS, users, other names of commands. */
export function redisLogin(stack: Stack, store: Service): RedisLogin | undefined {
  const words = store.command?.words ?? [];
  const texts = words.map(word => word.value ?? "?");
  if (
    store.entrypoint ||
    texts.some(text => /\.conf$|^-c$|^--(?:port|tls|aclfile|user|rename|cluster)/.test(text))
  )
    return undefined;
  const index = texts.findIndex(text => text.startsWith("--requirepass"));
  if (index === -1) return { text: "" };
  const value = texts[index] === "--requirepass" ? words[index + 1] : undefined;
  const text = value && sourceOf(stack, value.at.file)?.text.slice(value.at.span.start, value.at.span.end);
  const raw = text?.replace(/^(["'])(.*)\1$/, "$2");
  // Quotes inside, and what the container's own shell would fill in.
  if (!value || !text || !raw || /["'\\\s]|\$\$/.test(raw)) return undefined;
  return { raw, at: value.at, text };
}
