import { basename, dirname, join } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";

/** Where people say in words that a Compose file is for a workstation: above the file's first line, or in the README. */

export interface DevelopmentNote {
  readonly text: string;
  readonly at: Location;
}

/** What the comment above the first key says: "for local development", "not for production". */
export function headerNote(source: Source | undefined): DevelopmentNote | undefined {
  const said = headerSentences(source).find(isForWork);
  if (!source || said === undefined) return undefined;
  return { text: "the comment above it says that it is for development", at: placeOf(source, said) };
}

/** The page on the Compose file of the root, where the README leaves it to one. */
const dockerPages = ["DOCKER.md", "docs/docker.md", "docs/DOCKER.md", "docs/docker/README.md"];

/**
 * What the README beside the file or at the root says of the whole repository: "for local development only", "not
 * meant for production", "meant for a quick proof of concept", or of the Compose file by its name; or its headings have
 * Docker as the local way and a platform as the one of production. A remark on another file or on a command is none.
 */
export function readmeNote(
  file: string,
  text: (path: string) => Source | undefined,
): DevelopmentNote | undefined {
  const pages =
    dirname(file) === "" ? [...dockerPages, ...(text("README.md") ? [] : ["docs/README.md"])] : [];
  for (const folder of new Set([dirname(file), ""])) {
    for (const name of ["README.md", "readme.md", "Readme.md", ...pages]) {
      const source = text(join(folder, name));
      const start = source?.text.slice(0, 20_000) ?? "";
      const said =
        sentences(start).find(sentence => isOfRepository(sentence, basename(file), folder !== "")) ??
        localHeading(start);
      if (source && said)
        return { text: `${source.path} says that it is not for production`, at: placeOf(source, said) };
    }
  }
  return undefined;
}

const quickly = /\b(?:fastest|easiest|quickest|simplest) way\b[^.!]*\blocally\b[^.!]*\bdocker\b/i;
const explores =
  /\b(?:fastest|easiest|quickest|simplest) way to (?:(?:start|begin) )?(?:explor|try|play|experiment)\w*\b[^.!]*\bdocker\b/i;
const tries =
  /\bif you (?:just )?want to try\b[^.!\n]{0,40}\bout\b[\s\S]{0,200}?\bdocker[- ]compose (?:[\w./-]+ ){0,4}up\b/i;
const locally = /\b(?:run|start|launch|spin up) a local (?:instance|copy) of\b/i;

/** "These files enable you to run a local instance of the server": that is all that they are for. */
export function localInstance(text: (path: string) => Source | undefined): DevelopmentNote | undefined {
  const source = ["README.md", "readme.md", "Readme.md"].map(text).find(each => each !== undefined);
  const said = sentences(source?.text.slice(0, 4_000) ?? "").find(
    each => locally.test(plain(each)) && /\bcompose\b|\bfiles?\b|\bstacks?\b/i.test(plain(each)),
  );
  return source && said
    ? { text: `${source.path} has it run a local instance`, at: placeOf(source, said) }
    : undefined;
}

/** "The fastest way to run this locally is Docker": the README of the root offers the stack to try the program. */
export function trialNote(text: (path: string) => Source | undefined): DevelopmentNote | undefined {
  for (const name of ["README.md", "readme.md", "Readme.md"]) {
    const source = text(name);
    const said = sentences(source?.text.slice(0, 20_000) ?? "").find(each => quickly.test(plain(each)));
    if (source && said)
      return { text: `${source.path} offers it to run the program locally`, at: placeOf(source, said) };
  }
  return undefined;
}

const elsewhereInProduction =
  /\bproduction (?:use|usage|deployments?|installations?|environments?) should (?:use|rely on|run on|be (?:done|made|run|deployed) (?:with|by|on))\b|\bfor production(?: use| deployments?| environments?)?,? (?:please |we recommend )?(?:use|using|see) (?:the |our |a )?[^.!\n]{0,60}\b(?:helm|kubernetes|k8s|terraform)\b/i;

/** "Production use should use the charts": the README has a server run something else than the Compose file. */
export function otherwiseNote(text: (path: string) => Source | undefined): DevelopmentNote | undefined {
  for (const name of ["README.md", "readme.md", "Readme.md"]) {
    const source = text(name);
    const said = sentences(source?.text.slice(0, 20_000) ?? "").find(each => {
      const words = plain(each);
      return elsewhereInProduction.test(words) && !/\bdocker[- ]compose (?:-f|up)\b/.test(words);
    });
    if (source && said)
      return { text: `${source.path} has production use something else`, at: placeOf(source, said) };
  }
  return undefined;
}

/** "The easiest way to start exploring is Docker", "if you want to try it out": where nothing restarts, that is all. */
export function exploringNote(text: (path: string) => Source | undefined): DevelopmentNote | undefined {
  for (const name of ["README.md", "readme.md", "Readme.md"]) {
    const source = text(name);
    const start = source?.text.slice(0, 20_000) ?? "";
    const said =
      sentences(start).find(each => explores.test(plain(each))) ?? tries.exec(start)?.[0].split("\n")[0];
    if (source && said)
      return { text: `${source.path} offers it to try the program`, at: placeOf(source, said) };
  }
  return undefined;
}

/** "This folder contains example Compose files": a README between the root and the file says what it is. */
export function examplePage(
  file: string,
  text: (path: string) => Source | undefined,
): DevelopmentNote | undefined {
  for (let folder = dirname(file); folder !== ""; folder = dirname(folder))
    for (const name of ["README.md", "readme.md", "Readme.md", "README.adoc", "README.rst"]) {
      const source = text(join(folder, name));
      const said = sentences(source?.text.slice(0, 4_000) ?? "").find(each => shows.test(plain(each)));
      if (source && said) return { text: `${source.path} calls it an example`, at: placeOf(source, said) };
      const here = sentences(source?.text.slice(0, 4_000) ?? "").find(each => onOwn.test(plain(each)));
      if (source && here)
        return { text: `${source.path} has people run it on their own machine`, at: placeOf(source, here) };
    }
  return undefined;
}

const onOwn =
  /\b(?:environment|instance|setup|stack)\b[^.!\n]{0,20} (?:in|on) your (?:own )?(?:local )?(?:computer|machine|laptop|workstation)\b/i;

const shows =
  /\bexamples? (?:of )?(?:[\w-]+ ){0,5}(?:docker[- ])?compose\b|\b(?:docker[- ])?compose(?: files?| stacks?)? (?:examples?|recipes?)\b/i;

/** A button in the README starts it on a machine that is thrown away after some hours. */
export function playgroundNote(
  file: string,
  text: (path: string) => Source | undefined,
): DevelopmentNote | undefined {
  for (const name of ["README.md", "readme.md", "Readme.md"]) {
    const source = text(name);
    const said = source?.text
      .match(/play-with-docker\.com\/?\?stack=[^\s)"'>]{1,300}/g)
      ?.find(link => link.endsWith(`/${file}`));
    if (source && said)
      return { text: `${source.path} starts it on a playground`, at: placeOf(source, said) };
  }
  return undefined;
}

function headerSentences(source: Source | undefined): string[] {
  const header = source && /^(?:[ \t]*(?:#[^\n]*|---|version:[^\n]*)?\r?\n)+/.exec(source.text)?.[0];
  if (!header?.includes("#")) return [];
  const words = header
    .split("\n")
    .map(line => line.replace(/^\s*#+/, "").replace(/^\s*[-=#*]+\s*$/, "."))
    .join("\n");
  return sentences(words);
}

function sentences(text: string): string[] {
  return text.split(/(?<=[.!?])\s|\n\s*\n|\n(?=\s*[-*#|])/).map(sentence => sentence.trim());
}

const plain = (sentence: string): string => sentence.replace(/[*_`#>]/g, "").replace(/\s+/g, " ");

/** Said of the file itself, whatever it is called: "not to be used for deployments", "internal testing only". */
const notDeployed =
  /\bnot (?:\w+ )?(?:meant|intended|designed|suitable|to be used|for)\b[^.!]*\b(?:production|deployments?)\b|\b(?:should|must) (?:never|not) be used (?:in|for|on)\b[^.!]*\bproduction\b|\bthis (?:[\w.-]+ )?file is (?:only )?used (?:to|for) (?:[\w-]+ and )?test(?:ing)?\b|\bfor internal test(?:ing|s)?\b|\bfor (?:test(?:ing|s)?|ci|e2e) only\b|\bonly (?:used )?for (?:test(?:ing|s)?|ci|e2e)\b/i;
/** What makes it fit for production after all. */
const condition = /\b(?:without|unless|until|before|yet|as is)\b/i;

const localOnly =
  /\bthrow-?away (?:local )?(?:database|stack|environment|credentials)\b|\b(?:local|dev(?:elopment)?)[- ]only (?:database|credentials|password|values)\b|\biterate without (?:re)?building\b/i;

/** A comment beside a service says that what stands there is a workstation's. */
export function localNote(source: Source | undefined): DevelopmentNote | undefined {
  const comment = source?.text
    .match(/(?:^[ \t]*#[^\n]*\n)+/gm)
    ?.find(lines => localOnly.test(lines.replace(/\n[ \t]*#[ \t]*/g, " ")));
  if (!source || comment === undefined) return undefined;
  return { text: "a comment in it says that it is for a workstation", at: placeOf(source, comment.trim()) };
}

/** The comment above the first key calls it production's. */
export function saysProduction(source: Source | undefined): boolean {
  return headerSentences(source).some(sentence => {
    const said = plain(sentence);
    return /(?<![=:"'\w])production\b/i.test(said) && !/\bnot\b|n't\b|\bnever\b/i.test(said);
  });
}

const exampleFile =
  /\b(?:in )?this (?:[\w-]+ ){0,3}example\b|\b(?:an?|the) example (?:of (?:a |an )?)?(?:[\w-]+ ){0,3}(?:compose|stack|deployment|configuration|setup|file)\b/i;

/** The comment above the first key calls it an example: whoever runs it fills it in first. */
export function exampleNote(source: Source | undefined): DevelopmentNote | undefined {
  const said = headerSentences(source).find(sentence => exampleFile.test(plain(sentence)));
  if (!source || said === undefined) return undefined;
  return { text: "the comment above it calls it an example", at: placeOf(source, said) };
}

/** What the comment above the first key says so plainly that it weighs more than the file's name. */
export function disclaimer(source: Source | undefined): DevelopmentNote | undefined {
  const said = headerSentences(source).find(
    sentence =>
      plain(sentence).length <= 200 && notDeployed.test(plain(sentence)) && !condition.test(plain(sentence)),
  );
  if (!source || said === undefined) return undefined;
  return { text: "the comment above it says that it is not for deployment", at: placeOf(source, said) };
}

const notProduction =
  /\bnot (?:\w+ )?(?:meant|intended|designed|suitable|suited|recommended|to be used|ready|for use)\b[^.]*\bproduction\b|\bnot for production\b|\bnot production[- ]ready\b|\b(?:should|must) (?:never|not) be used (?:in|for|on)\b[^.]*\bproduction\b|\b(?:never|do not|don't) (?:run|use|deploy) (?:this|it)\b[^.]*\bproduction\b/i;
const elsewhere =
  /entorno de desarrollo|desarrollo local|(?:ambiente de )?desenvolvimento local|ambiente de desenvolvimento|d\u00e9veloppement local|environnement de d\u00e9veloppement|lokale Entwicklung|Entwicklungsumgebung|\u0434\u043b\u044f (?:\u043b\u043e\u043a\u0430\u043b\u044c\u043d\u043e\u0439 )?\u0440\u0430\u0437\u0440\u0430\u0431\u043e\u0442\u043a\u0438|\u672c\u5730\u5f00\u53d1|\u5f00\u53d1\u73af\u5883/i;
/** Whatever else the sentence says. */
const isOfWork =
  /\bis (?:an?|the) (?:docker[- ])?compose(?: file)? (?:only )?for (?:local )?(?:development|testing)\b/i;
const forDevelopment =
  /\bfor (?:the )?(?:\w+ )?(?:local )?(?:development|dev)\b|\bfor (?:quick )?(?:demos?|tests?|testing) (?:and|or) (?:local )?development\b|\bfor debugging\b|\b(?:local|development|dev) (?:development |dev )?(?:setup|environment|infra(?:structure)?|stack|services|compose|override)\b/i;
/** It speaks of more than development, or of what another file is for. */
const other =
  /\bprod(?:uction)?\b|\bnot\b|\bstaging\b|\bserver\b|\bVPS\b|\bhosted\b|\b(?:use|see|refer|run|instead|uncomment)\b|\.ya?ml\b|-f /i;

/** "For production deployments, use the configurations in environments/": so this one is not for that. */
const sendsAway =
  /\bfor production(?: deployments?| environments?| setups?)?,? (?:please )?(?:use|see) (?:the )?[\w./-]*[^.!]{0,40}(?:\bconfigurations?\b|\bcompose\b|\.ya?ml\b)/i;

function isForWork(sentence: string): boolean {
  const said = plain(sentence);
  if (said.length > 200) return false;
  return (
    notProduction.test(said) ||
    isOfWork.test(said) ||
    (sendsAway.test(said) && forDevelopment.test(said)) ||
    ((forDevelopment.test(said) || elsewhere.test(said)) && !other.test(said))
  );
}

const repository =
  /\b(?:this|the) (?:[\w-]+ )?(?:repo(?:sitory)?|setup|stack|compose|docker[- ]compose)\b[^.]*/i;

const trial =
  /\b(?:meant|intended|designed|built) (?:only |just |solely )?(?:for|as) (?:an? )?(?:[\w-]+ ){0,2}(?:poc|proofs? of concept|demos?|demonstrations?|trials?|evaluation|local (?:testing|use))\b/i;

/** A page in a folder of Compose files speaks of them. */
const these =
  /^(?::\w+: )?(?:they|these (?:[\w-]+ ){0,2}(?:files?|images?|setups?|stacks?|examples?))\b[^.]*/i;

/** "We do have quick-start Docker Compose scripts for development or testing purposes." */
const scriptsOfWork =
  /\b(?:docker[- ])?compose (?:scripts|files|stacks?) for (?:development|testing)(?: (?:and|or) (?:development|testing|testing purposes))? ?(?:purposes|only)\b/i;

/** "This repository is only intended to run a simplified stack on a local machine." */
const onlyLocal =
  /\bonly (?:intended|meant|designed)\b[^.]*\b(?:on|for) (?:a|your|the) (?:own |local )+(?:machine|computer)\b/i;

/** "This is not intended for production": said of all that the page is on. */
const whole = /^this is not (?:\w+ )?(?:meant|intended|designed|suitable|suited|recommended)\b/i;

/** "This repository contains the minimum viable local setup for our services." */
const holdsLocal =
  /\b(?:contains|holds|provides|is) (?:only )?(?:an?|the) (?:[\w-]+ ){0,3}local (?:setup|environment|stack|instance)\b/i;

function isOfRepository(sentence: string, file: string, beside: boolean): boolean {
  const said = plain(sentence).trim().replaceAll(file, "compose");
  if (said.length > 400 || /\.ya?ml\b/.test(said)) return false;
  if (scriptsOfWork.test(said) && !/\bprod/i.test(said)) return true;
  if (beside && notProduction.test(these.exec(said)?.[0] ?? "")) return true;
  if (whole.test(said) && notProduction.test(said) && !condition.test(said)) return true;
  const of = repository.exec(said)?.[0];
  return (
    of !== undefined &&
    (notProduction.test(of) ||
      (holdsLocal.test(of) && !/\bproduction\b|\bserver\b|\bdeploy/i.test(of)) ||
      /\bfor (?:local )?development (?:purposes )?only\b/i.test(of) ||
      onlyLocal.test(of) ||
      // "This setup" is often one of several.
      (trial.test(of) && /^\w+ (?:[\w-]+ )?repo/i.test(of) && !/\bproduction\b|\bnot\b/i.test(of)))
  );
}

/** Platforms that run an image or the sources without Compose. */
const platform =
  /\b(?:railway|vercel|netlify|heroku|render|fly(?:\.io)?|cloud run|app engine|elastic beanstalk|ecs|fargate|kubernetes|k8s|helm)\b/i;
const docker = /\b(?:docker|compose)\b/i;

/** The heading of the local way with Docker, where another heading has production on a platform. */
function localHeading(text: string): string | undefined {
  const sections = text.split(/^(?=#{1,6}\s)/m).map(section => {
    const [heading = "", ...body] = section.split("\n");
    return { heading, body: body.join("\n") };
  });
  const served = sections.some(
    ({ heading, body }) =>
      /\bproduction\b/i.test(heading) && platform.test(heading) && !docker.test(heading + body),
  );
  const ofDocker = sections.filter(({ heading }) => docker.test(heading));
  return served && ofDocker.every(({ heading }) => !/\bprod(?:uction)?\b/i.test(heading))
    ? ofDocker.find(({ heading }) => /\blocal(?:ly)?\b/i.test(heading))?.heading
    : undefined;
}

function placeOf(source: Source, said: string): Location {
  const first = said.split("\n")[0]!.trim();
  const start = Math.max(0, source.text.indexOf(first));
  return locate(source, start, start + first.length);
}
