import { filesEnding, isTest, isVendored } from "../artifacts/project-files.ts";
import { recognisesPythonManifest } from "../artifacts/python-dependencies.ts";
import { inside } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import { lacksProvider } from "./query-called-programs.ts";
import { isRun } from "./query-connections.ts";
import { pythonAt } from "./query-runtime.ts";
import type { Service, Stack } from "./stack.ts";

/** Libraries of the system that packages of Python load, and that the small images do not have. */

export interface MissingLibrary {
  /** The package of Python. */
  readonly package: string;
  /** The library, as the error names it. */
  readonly library: string;
  /** The package of Debian that has it. */
  readonly bringer: string;
  readonly at: Location;
  readonly shows: string;
  readonly image: Location;
}

interface Library {
  readonly package: string;
  readonly library: string;
  readonly bringer: string;
  /** The import that loads it. */
  readonly imported: RegExp;
  /** Packages of the system, commands and files that bring it. */
  readonly provider: RegExp;
  /** Packages of Python beside it that bring a copy of their own. */
  readonly instead?: RegExp;
}

/** Source: the installation pages of the packages, 2026-11; what `python:3.x-slim` and `-alpine` list as installed. */
const libraries: readonly Library[] = [
  {
    package: "opencv-python",
    library: "libGL.so.1",
    bringer: "libgl1",
    imported: /^(?:import\s+cv2|from\s+cv2\b)/m,
    provider: /libgl\b|libgl1|mesa|ffmpeg|libgtk|gtk\+|qt\d|opencv|xvfb|xorg|chromium|firefox|imagemagick/,
    instead: /^opencv-(?:contrib-)?python-headless$/,
  },
  {
    package: "weasyprint",
    library: "Pango",
    bringer: "libpango-1.0-0",
    imported: /^(?:import\s+weasyprint|from\s+weasyprint\b)/m,
    provider: /pango|libgtk|gtk\+|weasyprint|graphviz|imagemagick|chromium|firefox|texlive|librsvg/,
  },
  {
    package: "python-magic",
    library: "libmagic",
    bringer: "libmagic1",
    imported: /^import\s+magic\b/m,
    provider: /libmagic|\bfile\b/,
    instead: /^python-magic-bin$|^pylibmagic$/,
  },
  {
    package: "pyzbar",
    library: "libzbar",
    bringer: "libzbar0",
    imported: /^(?:import\s+pyzbar|from\s+pyzbar\b)/m,
    provider: /zbar/,
  },
  {
    package: "cairosvg",
    library: "libcairo",
    bringer: "libcairo2",
    imported: /^(?:import\s+cairosvg|from\s+cairosvg\b)/m,
    provider: /cairo|pango|libgtk|gtk\+|graphviz|imagemagick|chromium|librsvg/,
  },
  {
    package: "pdf2image",
    library: "pdftoppm",
    bringer: "poppler-utils",
    imported: /^(?:import\s+pdf2image|from\s+pdf2image\b)/m,
    provider: /poppler/,
  },
  {
    package: "pytesseract",
    library: "tesseract",
    bringer: "tesseract-ocr",
    imported: /^(?:import\s+pytesseract|from\s+pytesseract\b)/m,
    provider: /tesseract/,
  },
];

/** Every library of the table that the code of a service loads and its image surely lacks. */
export function missingLibraries(stack: Stack, service: Service): MissingLibrary[] {
  const { component, model } = service;
  if (!component || !model?.facts || model.base?.name !== "python") return [];
  // The large images bring many libraries of the system.
  if (!/slim|alpine/.test(model.base.tag ?? "")) return [];
  const installed = stack.files.paths
    .filter(recognisesPythonManifest)
    .flatMap(path =>
      inside(component.dir, path) === undefined ? [] : (pythonAt(stack, path)?.dependencies ?? []),
    );
  const wanted = libraries.filter(
    each =>
      installed.some(({ name }) => name === each.package) &&
      !installed.some(({ name }) => each.instead?.test(name)),
  );
  if (wanted.length === 0) return [];
  const paths = filesEnding(component.files, "py").filter(
    path => inside(component.dir, path) !== undefined && !isTest(path) && !isVendored(path),
  );
  return wanted.flatMap(library => {
    const lack = lacksProvider(service, text => library.provider.test(text), library.provider);
    if (!lack) return [];
    for (const path of paths) {
      const source = component.files.read(path);
      const match = source && library.imported.exec(source.text);
      if (!match) continue;
      const at = locate(source, match.index, match.index + match[0].length);
      if (!isRun(stack, service, component, at)) continue;
      return [{ ...library, at, shows: `loads ${library.library}`, image: lack.image }];
    }
    return [];
  });
}
