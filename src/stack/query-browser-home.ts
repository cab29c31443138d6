import type { RunStep } from "../artifacts/dockerfile.ts";
import { stageChain } from "../artifacts/dockerfile.ts";
import { join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { variable } from "./query.ts";
import { scriptsOf } from "./query-code.ts";
import type { Service, Stack } from "./stack.ts";

/** Questions about the browsers that Playwright and Puppeteer download into the home of whoever installs them. */

export interface StrayBrowser {
  readonly tool: "Playwright" | "Puppeteer";
  /** The step that downloads the browser. */
  readonly at: Location;
  readonly installer: string;
  readonly user: string;
  readonly userAt: Location;
  /** The variable that gives the browser one place for everybody. */
  readonly variable: string;
}

const playwrightInstall = /(?:^|[\s;&|'"(])playwright(?:@[\w.^~-]+)?\s+install\b(?!-)(?!\s*--help)/;
/** One place for everybody, a browser of the system, or a home that was chosen. */
const chosen =
  /^(?:PLAYWRIGHT_BROWSERS_PATH|PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD|PUPPETEER_\w+|CHROME_(?:PATH|BIN)|HOME|XDG_CACHE_HOME)$/;
const handled = /ms-playwright|\.cache|PLAYWRIGHT_BROWSERS_PATH|PUPPETEER_|\bHOME=|XDG_CACHE_HOME/;
const systemBrowser = /^(?:chromium(?:-browser)?|google-chrome(?:-\w+)?|firefox(?:-esr)?|chrome)$/;

/** A browser that one user downloads while the image is built, and another one looks for when the program runs. */
export function strayBrowser(stack: Stack, service: Service): StrayBrowser | undefined {
  const { build } = service;
  const model = build?.model;
  const dockerfile = build?.dockerfile;
  if (!model || !dockerfile || /playwright|puppeteer|browserless|chrome/.test(model.base?.name ?? ""))
    return undefined;
  const runtime = service.user
    ? service.user.text === undefined
      ? undefined
      : { name: plain(service.user.text), at: service.user.at }
    : model.user && { name: plain(model.user.value), at: model.user.at };
  if (!runtime || runtime.name === "root" || runtime.name.includes("$")) return undefined;
  if ([...model.env.keys()].some(name => chosen.test(name))) return undefined;
  if (service.environment.some(each => chosen.test(each.name)) || variable(service, "HOME")) return undefined;
  const runs: { readonly run: RunStep; readonly user: string | undefined }[] = [];
  let user: string | undefined = model.facts?.user;
  for (const stage of stageChain(dockerfile, model.stage)) {
    // What was brought from another stage or from the context may well be the browser.
    if (stage.copies.some(copy => copy.sources.some(source => handled.test(source.value)))) return undefined;
    for (const run of stage.runs)
      runs.push({ run, user: run.user === undefined ? user : plain(run.user.value) });
    user = stage.user === undefined ? user : plain(stage.user.value);
  }
  if (runs.some(({ run }) => handled.test(textOf(run)))) return undefined;
  const found = playwright(runs) ?? puppeteer(stack, service, runs);
  if (!found || found.installer === runtime.name) return undefined;
  return { ...found, user: runtime.name, userAt: runtime.at };
}

type Runs = readonly { readonly run: RunStep; readonly user: string | undefined }[];
type Found = Omit<StrayBrowser, "user" | "userAt">;

function playwright(runs: Runs): Found | undefined {
  const step = runs.findLast(({ run }) => playwrightInstall.test(textOf(run)));
  if (step?.user !== "root") return undefined;
  return {
    tool: "Playwright",
    at: step.run.at,
    installer: step.user,
    variable: "PLAYWRIGHT_BROWSERS_PATH",
  };
}

/** Since version 19 an install of the package downloads Chrome to the home of its user. */
function puppeteer(stack: Stack, { component, build }: Service, runs: Runs): Found | undefined {
  const dependency = component?.package?.dependencies.find(
    each => each.name === "puppeteer" && each.group === "dependencies",
  );
  if (!component || !dependency || !(Number(/\d+/.exec(dependency.range)?.[0]) >= 19)) return undefined;
  if (build!.model!.packages.some(each => each.names.some(name => systemBrowser.test(name.value))))
    return undefined;
  const install = build!.model!.packages.find(
    each => ["npm", "yarn"].includes(each.manager) && !each.global && each.names.length === 0,
  );
  const step = install && runs.find(({ run }) => within(run.at, install.at));
  if (step?.user !== "root" || /--ignore-scripts/.test(textOf(step.run))) return undefined;
  const rc = [
    ".puppeteerrc",
    ".puppeteerrc.cjs",
    ".puppeteerrc.js",
    ".puppeteerrc.json",
    "puppeteer.config.cjs",
  ];
  if (rc.some(name => stack.files.has(join(component.dir, name)))) return undefined;
  const texts = scriptsOf(component).flatMap(path => {
    const read = stack.files.read(path);
    return "source" in read && read.source.text.includes("puppeteer") ? [read.source.text] : [];
  });
  if (!texts.some(text => /\.launch\s*\(/.test(text))) return undefined;
  if (texts.some(text => /executablePath|userDataDir|channel\s*:/.test(text))) return undefined;
  return { tool: "Puppeteer", at: step.run.at, installer: "root", variable: "PUPPETEER_CACHE_DIR" };
}

function within(outer: Location, inner: Location): boolean {
  return outer.span.start <= inner.span.start && inner.span.start < outer.span.end;
}

function textOf(run: RunStep): string {
  return [run.fragment.text, ...run.heredocs.map(each => each.body.text)].join("\n");
}

/** `appuser:appuser`, `0`: the user alone, root by its name. */
function plain(user: string): string {
  const name = user.split(":")[0]!.trim();
  return name === "0" ? "root" : name;
}
