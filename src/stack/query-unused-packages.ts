import { isVendored } from "../artifacts/project-files.ts";
import { recognisesPythonManifest } from "../artifacts/python-dependencies.ts";
import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { pythonAt } from "./query-runtime.ts";
import type { Stack } from "./stack.ts";

/** Packages that are installed and that no file of the repository names. */

/** Python packages that do nothing unless they are imported, with the module. Drivers and plug-ins are not here: a URL or a setting loads them. */
const pythonModules: Readonly<Record<string, string>> = {
  celery: "celery",
  "python-jose": "jose",
  passlib: "passlib",
  pandas: "pandas",
  numpy: "numpy",
  scipy: "scipy",
  matplotlib: "matplotlib",
  "scikit-learn": "sklearn",
  tensorflow: "tensorflow",
  anthropic: "anthropic",
  beautifulsoup4: "bs4",
  scrapy: "scrapy",
  selenium: "selenium",
  pymongo: "pymongo",
  motor: "motor",
  elasticsearch: "elasticsearch",
  stripe: "stripe",
  twilio: "twilio",
  sendgrid: "sendgrid",
  paramiko: "paramiko",
  "kafka-python": "kafka",
  "confluent-kafka": "confluent_kafka",
  pika: "pika",
  dramatiq: "dramatiq",
  huey: "huey",
  apscheduler: "apscheduler",
  reportlab: "reportlab",
  openpyxl: "openpyxl",
  loguru: "loguru",
  structlog: "structlog",
  tenacity: "tenacity",
  nltk: "nltk",
  spacy: "spacy",
};

/** Packages of npm that do nothing unless they are imported, and that no other package asks for as a peer. */
const scriptPackages = new Set(
  "axios lodash moment dayjs luxon framer-motion lucide-react recharts zustand jotai recoil formik react-hook-form yup joi chart.js react-chartjs-2 three socket.io-client jquery swr react-icons react-toastify react-hot-toast sonner uuid nanoid bcrypt bcryptjs jsonwebtoken multer nodemailer stripe bull bullmq mongoose sequelize winston morgan helmet cors compression express-rate-limit cookie-parser express-session passport node-cron puppeteer cheerio @anthropic-ai/sdk twilio @sendgrid/mail aws-sdk @aws-sdk/client-s3 kafkajs amqplib shadcn-ui".split(
    " ",
  ),
);

export interface UnusedPackage {
  readonly name: string;
  readonly at: Location;
  readonly manifest: string;
}

const texts =
  /\.(?:py|pyi|ipynb|[cm]?[jt]sx?|vue|svelte|astro|html?|css|scss|sass|less|mdx?|json5?|toml|ini|cfg|conf|ya?ml|sh|bash|txt|env|service|template|j2)$|(?:^|\/)(?:Dockerfile[^/]*|Makefile|Procfile[^/]*|\.env[^/]*|[^/.]+)$/i;
const manifests =
  /(?:^|\/)(?:package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|poetry\.lock|uv\.lock|Pipfile(?:\.lock)?|pyproject\.toml)$/;
const mostFiles = 4_000;

const unused = new WeakMap<Stack, readonly UnusedPackage[]>();

/** What the manifests of the repository's programs install for nothing; scripts and settings count as a use. */
export function unusedPackages(stack: Stack): readonly UnusedPackage[] {
  const known = unused.get(stack);
  if (known) return known;
  // It reads all code, and two rules ask.
  const found = findUnused(stack, stack.components);
  unused.set(stack, found);
  return found;
}

function findUnused(stack: Stack, components: readonly AppComponent[]): UnusedPackage[] {
  // A directory may hold two programs with one manifest.
  const manifestsOnce = components.filter(
    (component, index) => components.findIndex(each => each.manifest === component.manifest) === index,
  );
  const wanted = manifestsOnce.flatMap(component => candidates(stack, component));
  if (wanted.length === 0) return [];
  const paths = stack.files.paths.filter(
    path =>
      texts.test(path) &&
      !manifests.test(path) &&
      !recognisesPythonManifest(path) &&
      !isVendored(path) &&
      !/\.mdx?$/.test(path),
  );
  if (paths.length > mostFiles) return [];
  let open = wanted;
  for (const path of paths) {
    if (open.length === 0) return [];
    const read = stack.files.read(path);
    // What cannot be read may use anything.
    if (!("source" in read)) {
      if (/\.(?:py|[cm]?[jt]sx?|vue|svelte)$/.test(path)) return [];
      continue;
    }
    open = open.filter(each => !each.used(read.source.text));
  }
  // A script of package.json may call it by its name.
  return open
    .filter(each => !each.scripts.some(script => script.includes(each.name)))
    .map(({ name, at, manifest }) => ({ name, at, manifest }));
}

interface Candidate extends UnusedPackage {
  readonly scripts: readonly string[];
  used(text: string): boolean;
}

function candidates(stack: Stack, component: AppComponent): Candidate[] {
  const { manifest, package: own } = component;
  if (own)
    return own.dependencies
      .filter(each => each.group === "dependencies" && scriptPackages.has(each.name))
      .map(({ name, at }) => ({
        name,
        at,
        manifest,
        scripts: [...own.scripts.values()].map(script => script.value),
        used: (text: string) => text.includes(name),
      }));
  const declared = recognisesPythonManifest(basename(manifest)) ? pythonAt(stack, manifest) : undefined;
  return (declared?.dependencies ?? [])
    .filter(each => each.group === "main" && Object.hasOwn(pythonModules, each.name))
    .map(({ name, at }) => {
      const module = pythonModules[name]!;
      const word = new RegExp(`(?<![\\w-])${module}(?![\\w-])`, "i");
      return {
        name,
        at,
        manifest,
        scripts: [],
        used: (text: string) => text.includes(module) && word.test(text),
      };
    });
}
