/** What a name or a value tells about being a secret. Pure text, tuned so that a doubt is a no. */

function wordSet(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** `DB_PASSWORD`, `dbPassword` and `db-password` give `DB PASSWORD`. */
function wordsOf(name: string): string[] {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2");
  return spaced
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter(word => word !== "");
}

const secretWords = wordSet(`
  PASSWORD PASSWD PASSPHRASE SECRET TOKEN CREDENTIAL CREDENTIALS DSN APIKEY SECRETKEY PRIVATEKEY DBPASS
  PGPASSWORD REQUIREPASS
`);
/** `X_KEY` is a secret for these X. */
const secretKeys = wordSet(`
  API SECRET PRIVATE ACCESS ENCRYPTION ENCRYPT SIGNING SIGNATURE MASTER JWT AUTH APP HMAC SESSION COOKIE
  SERVICE ROLE DEPLOY ACCOUNT FERNET LICENSE WEBHOOK
`);
/** A name that ends so is about a secret, and is none. */
const aboutEndings = wordSet(`
  FILE FILEPATH FILENAME PATH DIR DIRECTORY NAME ID IDS URL URI URLS HOST PORT ENDPOINT ADDRESS LOCATION ARN STORE MANAGER
  EXPIRY EXPIRES EXPIRE EXPIRATION IN TTL LIFETIME AGE DURATION INTERVAL TIMEOUT DAYS HOURS MINUTES SECONDS
  MS SEC LENGTH LEN MIN MAX SIZE COUNT LIMIT LIMITS BUDGET RATE COST ROUNDS ITERATIONS ATTEMPTS RETRIES
  ENABLED DISABLED REQUIRED ENABLE POLICY ALGORITHM ALG TYPE KIND MODE METHOD SCHEME FORMAT HEADER PREFIX
  SUFFIX COOKIE FIELD PARAM ISSUER AUDIENCE SCOPE SCOPES CLASS BACKEND PROVIDER VALIDATORS HASHERS HASHER
  HINT REGEX PATTERN RULES ROTATION VERSION SYMBOL DECIMALS CONTRACT TEMPLATE SUBJECT PAGE ROUTE USER
  USERNAME EMAIL REGION SUPPORT CHECK PDA
`);
/** A name that starts so is a switch. */
const switches = wordSet(`
  ALLOW ENABLE DISABLE REQUIRE REQUIRES USE HAS IS NO MIN MAX RANDOM SHOW SKIP GENERATE VALIDATE CHECK
  RESET FORGOT
`);
const browserPrefixes = [
  ["NEXT", "PUBLIC"],
  ["REACT", "APP"],
  ["VITE"],
  ["NUXT", "PUBLIC"],
  ["VUE", "APP"],
  ["EXPO", "PUBLIC"],
  ["GATSBY"],
];

/**
 * Whether a variable of this name holds a secret itself: passwords, tokens, keys, DSNs. False for what only speaks of
 * one (`*_FILE`, `TOKEN_EXPIRY`, `PASSWORD_MIN_LENGTH`) and for public halves (`PUBLIC_KEY`, `KEY_ID`).
 */
export function isSecretName(name: string): boolean {
  const known = named.get(name);
  if (known !== undefined) return known;
  const is = tellsSecret(name);
  // The same few names are asked for all the time; a hostile text may have any number of them.
  if (named.size < mostNames && name.length < 100) named.set(name, is);
  return is;
}

const named = new Map<string, boolean>();
const mostNames = 5_000;

function tellsSecret(name: string): boolean {
  let words = wordsOf(name);
  const prefix = browserPrefixes.find(candidate => candidate.every((word, i) => words[i] === word));
  if (prefix) words = words.slice(prefix.length);
  const last = words.at(-1);
  const first = words[0];
  if (last === undefined || first === undefined) return false;
  if (aboutEndings.has(last) || (words.length > 1 && switches.has(first))) return false;
  if (
    words.includes("PUBLIC") ||
    words.includes("PUBLISHABLE") ||
    words.includes("CSRF") ||
    words.includes("EXAMPLE")
  )
    return false;
  // Pusher and Soketi: the key that browsers get; the secret has a name of its own. Bugsnag's only sends reports in.
  if (/^(?:(?:PUSHER|SOKETI_DEFAULT)_APP|BUGSNAG_API)_KEY$/.test(name)) return false;
  // What counts visitors gets its reports from their browsers.
  if (/(?:^|_)(?:AMPLITUDE|MIXPANEL|POSTHOG)_?(?:API_?)?(?:KEY|TOKEN)$/i.test(name)) return false;
  // The methods of PostgreSQL: PASSWORD_AUTHENTICATION=md5, PASSWORD_ENCRYPTION=scram-sha-256.
  if (/^(?:AUTHENTICATION|ENCRYPTION)$/.test(last) && words.at(-2) === "PASSWORD") return false;
  // MYSQL_ALLOW_EMPTY_PASSWORD, MYSQL_RANDOM_ROOT_PASSWORD
  if (words.some(word => word === "ALLOW" || word === "RANDOM")) return false;
  if (words.some(word => secretWords.has(word))) return true;
  if (last === "PASS" || last === "PWD") return words.length > 1 && first !== "OLD" && first !== "PROXY";
  return last === "KEY" && words.length > 1 && secretKeys.has(words.at(-2)!);
}

const placeholderWords = wordSet(`
  your example todo tbd fixme placeholder replace replaceme replacethis changeme changeit changethis insert
  dummy sample redacted mysecretkeyhere
`);
/** "Change it", "replace it" and "your" in other languages. */
const foreignPlaceholders = wordSet(`
  cambiar cambiame cambiarme cambialo reemplazar rellenar alterar altere substituir substitua preencher troque
  changer changez remplacer remplacez aendern ersetzen sostituire ganti zmien degistir zamenit pomenyat
  cambiarlo cambieme reemplaza reemplazame reemplace sustituir trocar trocarme mudar changezmoi remplacezmoi
  votre aendere ersetze cambiami sostituisci inserisci inserire
`);
const otherScripts =
  /измени|замени|ваш[аеи]?[ _-]|[您你]的|请(?:修改|替换|填写|输入)|修改|替换|変更して|변경|입력/;

const afterChange = wordSet(`
  me this it in before for to please now
`);

const madeUp =
  /example$|(?:pls|please)change(?:me|it|this)?$|^(?:change|edit|fill)me|^replace(?:me|with)|^(?:dummy|placeholder)(?:value|key|secret|token|password|string)$/;

const changed = wordSet(`
  password passwd secret token key keys credentials value
`);

/** Whether a value only stands for one: `change-me`, `your-...`, `<...>`, `xxx`, `replace...`, or nothing at all. */
export function isPlaceholder(value: string): boolean {
  const text = value.trim().slice(0, 500);
  if (text === "" || /^<.*>$|^\{\{.*\}\}$|^__\w+__$|^\[.*\]$|^%.*%$/s.test(text)) return true;
  if (
    /^(?:[x*.\-_]{3,}|([a-z])\1{2,}|[A-Z]{0,4}0{12,})$/i.test(text) ||
    /x{4,}|\*{3,}|\.{3}|<[a-z_ -]+>/i.test(text)
  )
    return true;
  const words = text
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== "");
  if (words.some(word => placeholderWords.has(word) || foreignPlaceholders.has(word) || madeUp.test(word)))
    return true;
  // `sk_live_xxx`
  if (words.length > 1 && /^x{3,}$/.test(words.at(-1)!)) return true;
  if (otherScripts.test(text)) return true;
  // `STRONG_DB_PASSWORD`: in capitals, and named for what has to stand there.
  if (/^[A-Z]+(?:_[A-Z]+)+$/.test(text) && changed.has(words.at(-1)!)) return true;
  if (words.some((word, i) => word === "change" && afterChange.has(words[i + 1] ?? ""))) return true;
  // `changePassword`, `change-auth-token`: an order, not a value.
  if (words[0] === "change" && words.length > 1 && words.length < 5 && changed.has(words.at(-1)!))
    return true;
  // The keys that Turnstile and its like give out for tests.
  if (/^[123]x0{8,}[0-9a-f]{0,8}$/i.test(text)) return true;
  // `demo-secret-not-real`: it says so of itself.
  if (/\bnot (?:(?:a )?(?:real|valid|used|set|secret)|this one(?: either)?)$/.test(words.join(" ")))
    return true;
  // `SomeRandomStringWith32Characters`, as Laravel's own example has it.
  if (/\brandom (?:string|characters|chars)(?: |$)/.test(words.join(" "))) return true;
  return words.length > 2 && (/^(?:here|aqui|ici|hier)$/.test(words.at(-1)!) || words.at(-2) === "goes");
}

/** Words that weak passwords are made of. */
const weakSet = wordSet(`
  password passwd passw0rd passwort passphrase secret admin administrator root letmein welcome qwerty
  changeme default insecure postgres mysql redis mongo rabbitmq minio guest test testing demo dev
  development local staging user pass pwd key token jwt django flask iloveyou monkey dragon abc
`);
const weakEnds = ["password", "secret", "admin", "pass", "pwd", "test", "dev"];
const shortWords = wordSet(`
  db pg sql jwt dev pwd my app api key ssh ftp smtp aws ci qa nt ps
`);

/** Looks like a word that somebody could say: not a run of random letters. */
function isWordLike(word: string): boolean {
  const lower = word.toLowerCase();
  if (weakSet.has(lower) || shortWords.has(lower) || /^(.)\1*$/.test(lower)) return true;
  if (word.length > 16 || !/^(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)$/.test(word)) return false;
  const vowels = (lower.match(/[aeiouy]/g) ?? []).length;
  return (
    vowels / lower.length >= 0.16 && vowels / lower.length <= 0.75 && !/[bcdfghjklmnpqrstvwxz]{5}/.test(lower)
  );
}

function isTrivialNumber(digits: string): boolean {
  return (
    digits.length <= 4 ||
    "01234567890123456789".includes(digits) ||
    "98765432109876543210".includes(digits) ||
    /^(.)\1*$/.test(digits)
  );
}

const leet: Readonly<Record<string, string>> = { "@": "a", "4": "a", "3": "e", "0": "o", $: "s", "5": "s" };

/** `P@ssw0rd` is as weak as `password`. */
function withoutLeet(text: string): string {
  return text.toLowerCase().replace(/[@430$5]/g, char => leet[char] ?? char);
}

/**
 * Whether a person made this up and another can guess it: `password`, `admin123`, `dev-secret-key`, a name and a few
 * digits. False for random text, for an empty value, and for a reference.
 */
export function isWeakSecret(value: string): boolean {
  const text = value.trim();
  if (text === "" || text.length > 64 || /[\s/\\]|\$\{|\$\(|:\/\/|^\$\w+$|^\{.*\}$/.test(text)) return false;
  if (text.startsWith("django-insecure-")) return true;
  const chunks = text.replace(/([a-z])([A-Z])/g, "$1 $2").match(/[A-Za-z]+|\d+/g) ?? [];
  if (chunks.length === 0) return text.length < 8;
  if (/^[\d._-]+$/.test(text))
    return text.length <= 6 || (text.length <= 14 && chunks.every(isTrivialNumber));
  if (
    text.length <= 20 &&
    /^[^a-z]*(?:password|secret|admin|welcome|letmein)[^a-z]*$/.test(withoutLeet(text))
  )
    return true;
  if (
    chunks.length > 8 ||
    !chunks.every(chunk => (/\d/.test(chunk) ? isTrivialNumber(chunk) : isWordLike(chunk)))
  )
    return false;
  const words = chunks.filter(chunk => !/\d/.test(chunk)).map(chunk => chunk.toLowerCase());
  const known = words.some(word => weakSet.has(word) || weakEnds.some(end => word.endsWith(end)));
  if (known) return true;
  // A name of one or two words with a few digits: what a dictionary attack tries first.
  return words.length <= 2 && text.length <= 14;
}

/** Tokens that their issuers write in a form of their own. */
export const issuedTokens =
  /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[\w-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|[sr]k_live_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}|AIza[\w-]{35}|SG\.[\w-]{20,}\.[\w-]{20,}|npm_[A-Za-z0-9]{36}|dckr_pat_[\w-]{20,}|sk-(?:ant-|proj-)?[\w-]{32,}|re_[A-Za-z0-9]{6,12}_[A-Za-z0-9]{20,30}|gsk_[A-Za-z0-9]{40,60}|hf_[A-Za-z0-9]{30,40}|[1-9]\d{7,9}:AA[\w-]{33}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)/;

/** Addresses that take messages from whoever knows them: chats of Slack, Discord, Teams and Telegram. */
const webhooks =
  /^https:\/\/(?:hooks\.slack\.com\/(?:services|workflows)\/T[A-Z0-9]{6,}\/[A-Z0-9]{6,}\/[A-Za-z0-9]{16,}|(?:\w+\.)?discord(?:app)?\.com\/api\/webhooks\/\d{15,}\/[\w-]{40,}|[\w-]+\.webhook\.office\.com\/webhookb2\/[\w@-]{20,}\/\S{20,}|api\.telegram\.org\/bot\d{8,}:[\w-]{30,})/;

/** Whether an address is such a one, with its secret part; `T00000000/B00000000/XXXX` stands for one. */
export function isWebhook(value: string): boolean {
  return webhooks.test(value) && !/0{6,}|x{6,}|(?:your|example)/i.test(value);
}

/** Credentials inside a connection string, offsets into the value. */
export interface UrlCredentials {
  readonly user: string;
  readonly password: string;
  readonly span: { readonly start: number; readonly end: number };
}

/**
 * The user and password of `scheme://user:password@host`. `undefined` when there is none, or when the password is a
 * variable (`${X}`, `$X`, `{x}`, `%s`) and so is written elsewhere.
 */
export function credentialsInUrl(value: string): UrlCredentials | undefined {
  const scheme = /[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(value.slice(0, 4096));
  if (!scheme) return undefined;
  const start = scheme.index + scheme[0].length;
  let colon = -1;
  let at = -1;
  let depth = 0;
  for (let i = start; i < value.length; i++) {
    const char = value[i]!;
    if (char === "{" && value[i - 1] === "$") depth++;
    else if (char === "}" && depth > 0) depth--;
    if (depth > 0) continue;
    if (char === ":" && colon === -1) colon = i;
    else if (char === "@") at = i;
    else if (/[/?#\s"'`,;<>]/.test(char)) break;
  }
  if (at === -1 || colon === -1 || colon > at) return undefined;
  const password = value.slice(colon + 1, at);
  const literal = password.replace(/\$\{[^}]*\}|\$\(.*\)|\$\w+|\{[^}]*\}|%\(?\w+\)?s?/g, "");
  if (literal === "") return undefined;
  return { user: value.slice(start, colon), password, span: { start: colon + 1, end: at } };
}
