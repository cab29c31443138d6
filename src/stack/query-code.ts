import { ownFiles, type ProjectFiles } from "../artifacts/project-files.ts";
import type { AppComponent } from "./app/detect.ts";

interface Found {
  /** How many paths all components of the tree together may still have. */
  left: number;
  readonly of: Map<AppComponent, readonly string[]>;
}

type Known = WeakMap<ProjectFiles, Found>;

/** The same bound as that of the search for variables, of which the report tells. */
const most = 4_000;

const scripts: Known = new WeakMap();
const code: Known = new WeakMap();

/** Paths of the JavaScript and TypeScript of a component, without tests and what others wrote. */
export function scriptsOf(component: AppComponent): readonly string[] {
  return bounded(component, /\.[cm]?[jt]s$/, scripts);
}

/** Paths of a component's code in any language that the rules look into, without tests and what others wrote. */
export function codeOf(component: AppComponent): readonly string[] {
  return bounded(component, /\.(?:[cm]?[jt]sx?|py|go|java|kt|cs|php|rb)$/, code);
}

function bounded(component: AppComponent, wanted: RegExp, known: Known): readonly string[] {
  const found = known.get(component.files) ?? { left: most, of: new Map() };
  known.set(component.files, found);
  const before = found.of.get(component);
  if (before) return before;
  const all = ownFiles(component.files, component.dir).filter(path => wanted.test(path));
  const own = all.slice(0, found.left);
  found.left -= own.length;
  found.of.set(component, own);
  return own;
}
