import { hasFile } from "../artifacts/project-files.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import type { Stack } from "./stack.ts";

/** Questions about private keys. */

const keyName = /(?:^|\/)(?:[^/]*\.(?:pem|key)|id_(?:rsa|dsa|ecdsa|ed25519))$/i;
/** Keys that open nothing: of tests, examples, workstations, and the pairs that mkcert and its like make. */
const forWork =
  /(?:^|[/._-])(?:tests?|testing|testdata|specs?|e2e|fixtures?|examples?|samples?|mocks?|dummy|demo|docs?|dev|development|local|localhost|self-?signed|snakeoil|127\.0\.0\.1|node_modules|vendor|\.devcontainer)(?:[/._+-]|$)/i;

/** Keys of accounts with a cloud: they open the same doors from a workstation's folder. */
const accountName =
  /(?:^|[/._-])(?:service[-_]?accounts?(?:[-_]?key)?|sa|credentials?|firebase[\w-]*|adminsdk[\w-]*|gcp[\w-]*|gcloud[\w-]*|google[\w-]*)\.json$/i;
/** Of these names: one look at each path of a large tree. */
const lastLetters: ReadonlySet<string> = new Set("mMyYaA9nN");
const forTests =
  /(?:^|[/._-])(?:tests?|testing|testdata|specs?|e2e|fixtures?|examples?|samples?|templates?|mocks?|dummy|fake|demo|docs?|node_modules|vendor)(?:[/._+-]|$)/i;

/** What ssh-keygen writes has no ending: it is known by its name, or by its public half beside it. */
const bareName = /(?:^|[_-])(?:key|ssh|rsa|ed25519)$/i;

function isBareKey(path: string, pairs: ReadonlySet<string>): boolean {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return !base.includes(".") && (pairs.has(path) || bareName.test(base)) && !forWork.test(path);
}

/** Files whose names say that they may hold a private key for a server, or of an account. */
export function keyFiles(paths: readonly string[]): string[] {
  const pairs = new Set(paths.flatMap(path => (path.endsWith(".pub") ? path.slice(0, -4) : [])));
  return paths.filter(
    path =>
      (lastLetters.has(path.at(-1)!) &&
        ((keyName.test(path) && !forWork.test(path)) || (accountName.test(path) && !forTests.test(path)))) ||
      isBareKey(path, pairs),
  );
}

export interface CommittedKey {
  readonly file: string;
  /** The line that says what it is; nothing of the key itself. */
  readonly at: Location;
  /** Issued for an account with a cloud, which takes it from anywhere. */
  readonly issued: boolean;
}

const header = /^-----BEGIN (?:RSA |EC |DSA )?PRIVATE KEY-----(?!\r?\nProc-Type: 4,ENCRYPTED)/m;
/** The encoded text begins with the name of the cipher, which is "none". */
const openSsh = /^-----BEGIN OPENSSH PRIVATE KEY-----(?=\r?\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU)/m;

const account = /"type"\s*:\s*"service_account"/;
/** More than the words of a form to fill in. */
const accountKey = /"private_key"\s*:\s*"-----BEGIN PRIVATE KEY-----\\n[A-Za-z0-9+/]{40}/;

/** Private keys without a passphrase that git tracks. Files whose tracking is not known are left out. */
export function committedKeys(stack: Stack): CommittedKey[] {
  // What was not read shows nothing: no look at all paths of a large tree.
  const named = new Set(keyFiles([...stack.sources.keys()]));
  const paths = [...stack.sources.keys()].filter(path => named.has(path) || stack.kinds.get(path) === "key");
  return paths.sort().flatMap(path => {
    const source =
      hasFile(stack.files, path) && stack.files.tracked(path) === true ? sourceOf(stack, path) : undefined;
    if (!source) return [];
    const issued = path.endsWith(".json");
    const found = issued
      ? accountKey.test(source.text) && account.exec(source.text)
      : (header.exec(source.text) ?? openSsh.exec(source.text));
    return found
      ? [{ file: path, issued, at: locate(source, found.index, found.index + found[0].length) }]
      : [];
  });
}
