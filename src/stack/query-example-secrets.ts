import { credentialsInUrl, isPlaceholder, issuedTokens, isWeakSecret, isWebhook } from "../formats/secret.ts";
import type { EnvEntry } from "./query-env-secrets.ts";
import type { Stack } from "./stack.ts";

/** Example files that hold what opens something on the internet, instead of a word in its place. */

export interface ExampleSecrets {
  readonly file: string;
  /** Never empty. */
  readonly secrets: readonly EnvEntry[];
}

/** Those that are told elsewhere are left out: one that stands in an env file as well is one secret. */
export function exampleSecrets(stack: Stack, told: ReadonlySet<string> = new Set()): ExampleSecrets[] {
  return stack.envFiles.flatMap(file => {
    if (file.role !== "example" || stack.files.tracked(file.file) !== true) return [];
    const mail = file.entries.find(entry =>
      /^(?:\w+_)?(?:SMTP|E?MAIL)_(?:HOST|SERVER)$/.test(entry.name.value),
    );
    const secrets = file.entries.filter(entry => {
      const { value } = entry.value;
      if (entry.inherited || entry.references.length > 0 || told.has(value)) return false;
      if (opensOutside(value, false, entry.name.value)) return true;
      return (
        /gmail\.com$/.test(mail?.value.value ?? "") &&
        /PASS(?:WORD)?$/.test(entry.name.value) &&
        isAppPassword(value)
      );
    });
    return secrets.length === 0 ? [] : [{ file: file.file, secrets }];
  });
}

/** Databases and queues that are rented on the internet, under a name that was given to one customer. */
const rented =
  /\.(?:[a-z0-9]*\d[a-z0-9]*\.mongodb\.net|rds\.amazonaws\.com|cache\.amazonaws\.com|neon\.tech|supabase\.com?|upstash\.io|aivencloud\.com|rlwy\.net|railway\.app|render\.com|cloudamqp\.com|redis-cloud\.com|redislabs\.com|psdb\.cloud|elephantsql\.com|database\.azure\.com|ondigitalocean\.com)$/i;
/** Words of names that stand for another one. */
const invented =
  /(?:^|[.-])(?:your|my|some|example|sample|dummy|placeholder|host|hostname|server|domain|abc\w*|xyz|x{3,}|cluster\d?\.mongodb)/i;
const word = /pass|secret|admin|test|user|chang|1234|abcd|qwert|root|token|key|insert|placeholder|xxx/i;

/** `mongodb+srv://shop:...@shop.a1b2c3d.mongodb.net`: a login whose address everybody reaches. */
function opensStore(value: string): boolean {
  const login = credentialsInUrl(value);
  if (!login || login.password.length < 6 || isPlaceholder(login.password) || word.test(login.password))
    return false;
  const host = /@([\w.-]+)/.exec(value.slice(login.span.end))?.[1] ?? "";
  if (!isNamedHost(host)) return false;
  return rented.test(`.${host}`) || (!isWeakSecret(login.password) && isMixed(login.password));
}

/** A name of three parts that everybody reaches and nobody made up. */
export function isNamedHost(host: string): boolean {
  if (invented.test(host) || !/[a-z0-9-]+\.[a-z]{2,}$/i.test(host) || host.split(".").length < 3)
    return false;
  return (
    rented.test(`.${host}`) ||
    !/(?:^|\.)(?:example|local|localhost|internal|lan|test|invalid|svc)(?:\.|$)|\.docker\.internal$/i.test(
      host,
    )
  );
}

/**
 * A login or a token that opens the same wherever it is used from: whose machine the file is for does not matter. What
 * signs the events of a workstation's account opens nothing.
 */
export function opensOutside(value: string, forWork = false, name = ""): boolean {
  return (
    opensStore(value) || (isIssued(value, name) && !(forWork && /^whsec_/.test(value))) || isWebhook(value)
  );
}

/** Google's models are asked by servers, and paid for; its other keys of this form stand in pages. */
const ofModels = /GEMINI|GEN_?AI|GENERATIVE|GOOGLE_AI|VERTEX/i;

function isIssued(value: string, name: string): boolean {
  const found = issuedTokens.exec(value)?.[0];
  // Keys for browsers are public, and a token of three parts may be one of those.
  const isPublic = (/^AIza/.test(value) && !ofModels.test(name)) || /PUBLIC|^(?:VITE|REACT_APP)_/.test(name);
  return (
    found === value &&
    !isPublic &&
    !/^eyJ/.test(found) &&
    !isPlaceholder(found) &&
    isMixed(found) &&
    !invented.test(found)
  );
}

/** Sixteen letters in fours, as Google issues them for a program that sends mail. */
export function isAppPassword(value: string): boolean {
  if (!/^(?:[a-z]{4} ){3}[a-z]{4}$/.test(value)) return false;
  const letters = value.replaceAll(" ", "");
  return (
    isMixed(letters) && new Set(letters).size >= 8 && !/pass|word|your|mail|code|goog|here|appl/.test(letters)
  );
}

/** No run of neighbours on the keyboard or in the alphabet, as people type when they invent something. */
export function isMixed(text: string): boolean {
  let run = 1;
  for (let i = 1; i < text.length; i++) {
    const step = text.charCodeAt(i) - text.charCodeAt(i - 1);
    run = step === 1 || step === 0 ? run + 1 : 1;
    if (run >= 5) return false;
  }
  return !/qwert|asdf/i.test(text);
}
