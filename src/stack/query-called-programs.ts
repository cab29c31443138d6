import { stageChain } from "../artifacts/dockerfile.ts";
import { ownFiles } from "../artifacts/project-files.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import type { AppComponent, AppKind } from "./app/detect.ts";
import type { ImageModel } from "./image/image.ts";
import { isRun } from "./query-connections.ts";
import type { Service, Stack } from "./stack.ts";

/** Questions about programs of the system that the code of an application starts. */

/** Programs that no image of a language brings, with the packages that do. */
const programs: Readonly<Record<string, RegExp>> = {
  ffmpeg: /ffmpeg/,
  ffprobe: /ffmpeg/,
  wkhtmltopdf: /wkhtmlto/,
  wkhtmltoimage: /wkhtmlto/,
  pandoc: /pandoc/,
  tesseract: /tesseract/,
  soffice: /libreoffice|soffice/,
  libreoffice: /libreoffice|soffice/,
  pdftotext: /poppler/,
  pdftoppm: /poppler/,
  pdfinfo: /poppler/,
  exiftool: /exiftool/,
  pg_dump: /postgres/,
  mysqldump: /mysql|mariadb/,
  mongodump: /mongo/,
};
const names = Object.keys(programs).join("|");

const quoted = `["'\`](${names})["'\`]`;
/** A command line in one text: the program, then a blank. */
const spoken = `[fr]?["'\`](${names})\\s`;
const python = new RegExp(
  `\\b(?:subprocess\\.)?(?:run|call|check_call|check_output|Popen)\\(\\s*(?:\\[\\s*${quoted}|${spoken})|create_subprocess_exec\\(\\s*${quoted}|\\bos\\.system\\(\\s*${spoken}`,
  "g",
);
const node = new RegExp(
  `\\b(?:spawn|spawnSync|execFile|execFileSync|execa)\\(\\s*${quoted}|\\b(?:exec|execSync|execAsync|execPromise)\\(\\s*${spoken}`,
  "g",
);
const go = new RegExp(`\\bexec\\.Command(?:Context)?\\(\\s*(?:\\w+(?:\\(\\))?,\\s*)?"(${names})"`, "g");
const php = new RegExp(
  `\\b(?:exec|shell_exec|system|passthru|proc_open)\\(\\s*${spoken}|new Process\\(\\s*\\[\\s*${quoted}`,
  "g",
);
const ruby = new RegExp(`\\b(?:system|spawn|Open3\\.\\w+)\\(?\\s*(?:${quoted}|${spoken})`, "g");

interface Language {
  readonly kinds: ReadonlySet<AppKind>;
  readonly files: RegExp;
  readonly calls: RegExp;
}

const languages: readonly Language[] = [
  { kinds: new Set(["django", "fastapi", "flask", "python"]), files: /\.py$/, calls: python },
  {
    kinds: new Set(["next", "express", "nest", "fastify", "koa", "hono", "node"]),
    files: /\.[cm]?[jt]s$/,
    calls: node,
  },
  { kinds: new Set(["go"]), files: /\.go$/, calls: go },
  { kinds: new Set(["laravel", "php"]), files: /\.php$/, calls: php },
  { kinds: new Set(["rails", "ruby"]), files: /\.rb$/, calls: ruby },
];

/** The code asks first, or goes on without. */
const optional =
  /\bwhich\(|LookPath|FileNotFoundError|ENOENT|command -v|command_exists|is_available|ErrNotFound|static[-_]ffmpeg|ffmpeg[-_]static|imageio_ffmpeg|@ffmpeg/;
/** Before every program of a call stands a sign of a text: it is found faster than eleven words. */
const mentioned = new RegExp(`["'\`](?:${names})`);
const mostFiles = 1_500;
/** Over all components, as in the search for variables: the report tells of it. */
const mostInAll = 4_000;
const searched = new WeakMap<ProjectFiles, number>();

export interface CalledProgram {
  readonly program: string;
  readonly at: Location;
}

const calledBy = new WeakMap<AppComponent, readonly CalledProgram[]>();

/** Programs of the table that the code of a service starts by their plain name, each once. */
export function calledPrograms(stack: Stack, service: Service): readonly CalledProgram[] {
  return componentsOf(stack, service).flatMap(component => {
    const known = calledBy.get(component);
    if (known) return known;
    const language = languages.find(each => each.kinds.has(component.kind));
    const found = language ? search(stack, service, component, language) : [];
    calledBy.set(component, found);
    return found;
  });
}

/** The application of a service; where two manifests lie in the folder that its image is built from, both. */
function componentsOf(stack: Stack, { component, build }: Service): readonly AppComponent[] {
  if (component) return [component];
  return build?.contextState === "present"
    ? stack.components.filter(each => each.dir === (build.context ?? "?"))
    : [];
}

function search(
  stack: Stack,
  service: Service,
  component: AppComponent,
  language: Language,
): CalledProgram[] {
  const paths = ownFiles(stack.files, component.dir).filter(path => language.files.test(path));
  const found = new Map<string, CalledProgram>();
  const soFar = searched.get(stack.files) ?? 0;
  const chosen = paths.slice(0, Math.min(mostFiles, mostInAll - soFar));
  searched.set(stack.files, soFar + chosen.length);
  for (const path of chosen) {
    const read = stack.files.read(path);
    // Most files name no program: the second pattern is not tried on them.
    if (!("source" in read) || !mentioned.test(read.source.text) || optional.test(read.source.text)) continue;
    for (const call of callsIn(read.source, language.calls))
      if (!found.has(call.program) && isRun(stack, service, component, call.at))
        found.set(call.program, call);
  }
  return [...found.values()];
}

function* callsIn(source: Source, pattern: RegExp): Iterable<CalledProgram> {
  for (const match of source.text.matchAll(pattern)) {
    const program = match.slice(1).find(group => group !== undefined)!;
    const line = source.text.slice(source.text.lastIndexOf("\n", match.index) + 1, match.index);
    if (/^\s*(?:\/\/|#|\*)|\/\/\s/.test(line)) continue;
    yield { program, at: locate(source, match.index, match.index + match[0].length) };
  }
}

/** Brings programs without naming them, or many of them at once. */
const opaque =
  /\bcurl\b|\bwget\b|\bdpkg\b|\.deb\b|\bgit clone\b|\bconda\b|\bmamba\b|\bnix\b|\bbrew\b|\btar\b|\bunzip\b|\$\{?[A-Z_]*PACKAGES|apt-get -y install \$/;
const heavy =
  /^(?:texlive|imagemagick|.*opencv|gstreamer|chromium|vlc|mpv|sox|kodi|blender|ubuntu-desktop|xorg|php\d*-.*imagick|libav)/;

/** Whether the image surely lacks a program of the table; `elsewhere` is a stage that has it and is not shipped. */
export function lacksProgram(
  service: Service,
  program: string,
): { readonly image: Location; readonly elsewhere?: Location } | undefined {
  const provider = programs[program];
  return provider && lacksProvider(service, text => text.includes(program) || provider.test(text), provider);
}

/** Whether no step of the image surely brings what a name of a package, a file or a command speaks of. */
export function lacksProvider(
  service: Service,
  named: (text: string) => boolean,
  provider: RegExp,
): { readonly image: Location; readonly elsewhere?: Location } | undefined {
  const { build } = service;
  const model = build?.model;
  if (!model?.facts || !build?.dockerfile) return undefined;
  if (model.facts.kind !== "runtime" && model.facts.kind !== "base") return undefined;
  if (service.mounts.some(mount => /^\/(?:usr|bin|opt|snap)(?:\/|$)/.test(mount.target))) return undefined;
  const chain = stageChain(build.dockerfile, model.stage);
  for (const stage of chain) {
    for (const run of stage.runs) {
      const text = [run.fragment.text, ...run.heredocs.map(each => each.body.text)].join("\n");
      if (named(text) || opaque.test(text)) return undefined;
    }
    for (const copy of stage.copies) {
      const target = copy.absoluteDestination ?? "/";
      if (copy.sources.some(source => named(source.value)) || named(copy.from?.value ?? "")) return undefined;
      if (copy.from && /^\/(?:usr|bin|opt)?(?:\/(?:local|bin|sbin|lib))*\/?$/.test(target)) return undefined;
    }
  }
  if (model.packages.some(each => isUnclear(each) || each.names.some(name => named(name.value))))
    return undefined;
  const elsewhere = model.built
    .filter(each => each !== model)
    .flatMap(each => each.packages.flatMap(one => one.names))
    .find(name => provider.test(name.value));
  return { image: chain[0]!.from.at, ...(elsewhere ? { elsewhere: elsewhere.at } : {}) };
}

function isUnclear(install: ImageModel["packages"][number]): boolean {
  const ofSystem = ["apt", "apk", "dnf"].includes(install.manager);
  return ofSystem && (!install.complete || install.names.some(name => heavy.test(name.value)));
}
