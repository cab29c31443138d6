import { type Location, locate } from "../core/source.ts";
import type { Stack } from "./stack.ts";

/** Questions about private keys. */

const keyName = /(?:^|\/)(?:[^/]*\.(?:pem|key)|id_(?:rsa|dsa|ecdsa|ed25519))$/i;
/** Keys that open nothing: of tests, examples, workstations, and the pairs that mkcert and its like make. */
const forWork =
  /(?:^|[/._-])(?:tests?|testing|testdata|specs?|e2e|fixtures?|examples?|samples?|mocks?|dummy|demo|docs?|dev|development|local|localhost|self-?signed|snakeoil|127\.0\.0\.1|node_modules|vendor|\.devcontainer)(?:[/._+-]|$)/i;

/** Files whose names say that they may hold a private key for a server. */
export function keyFiles(paths: readonly string[]): string[] {
  return paths.filter(path => keyName.test(path) && !forWork.test(path));
}

export interface CommittedKey {
  readonly file: string;
  /** The line that says what it is; nothing of the key itself. */
  readonly at: Location;
}

const header = /^-----BEGIN (?:RSA |EC |DSA )?PRIVATE KEY-----(?!\r?\nProc-Type: 4,ENCRYPTED)/m;
/** The encoded text begins with the name of the cipher, which is "none". */
const openSsh = /^-----BEGIN OPENSSH PRIVATE KEY-----(?=\r?\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU)/m;

/** Private keys without a passphrase that git tracks. Files whose tracking is not known are left out. */
export function committedKeys(stack: Stack): CommittedKey[] {
  return keyFiles(stack.files.paths).flatMap(path => {
    const source = stack.files.tracked(path) === true ? stack.sources.get(path) : undefined;
    const found = source && (header.exec(source.text) ?? openSsh.exec(source.text));
    return found ? [{ file: path, at: locate(source, found.index, found.index + found[0].length) }] : [];
  });
}
