import type { PythonDependency } from "../artifacts/python-dependencies.ts";

interface Needs {
  /** Normalised names. */
  readonly packages: RegExp;
  /** Debian packages (bookworm) that are needed to compile it. */
  readonly build: readonly string[];
  /** Debian packages that the program loads or calls. */
  readonly run: readonly string[];
}

/** Python packages whose wheels lack something. Source: what their installation pages ask for, by general knowledge; names as in Debian 12. */
const table: readonly Needs[] = [
  { packages: /^psycopg2$/, build: ["gcc", "libpq-dev"], run: ["libpq5"] },
  { packages: /^psycopg$/, build: [], run: ["libpq5"] },
  { packages: /^mysqlclient$/, build: ["gcc", "libmariadb-dev", "pkg-config"], run: ["libmariadb3"] },
  {
    packages: /^python-ldap|django-auth-ldap$/,
    build: ["gcc", "libldap2-dev", "libsasl2-dev"],
    run: ["libldap-2.5-0", "libsasl2-2"],
  },
  {
    packages: /^(python3-saml|xmlsec|djangosaml2)$/,
    build: ["gcc", "libxmlsec1-dev", "pkg-config"],
    run: ["libxmlsec1-openssl"],
  },
  {
    packages: /^(weasyprint|django-weasyprint)$/,
    build: [],
    run: ["fonts-dejavu-core", "libpango-1.0-0", "libpangoft2-1.0-0"],
  },
  { packages: /^python-magic$/, build: [], run: ["libmagic1"] },
  { packages: /^opencv-(contrib-)?python$/, build: [], run: ["libgl1", "libglib2.0-0"] },
  { packages: /^pyzbar$/, build: [], run: ["libzbar0"] },
  { packages: /^pytesseract$/, build: [], run: ["tesseract-ocr"] },
  { packages: /^pdf2image$/, build: [], run: ["poppler-utils"] },
  {
    packages: /^(pycairo|xhtml2pdf|rlpycairo)$/,
    build: ["gcc", "libcairo2-dev", "pkg-config"],
    run: ["libcairo2"],
  },
  { packages: /^pygraphviz$/, build: ["gcc", "libgraphviz-dev", "pkg-config"], run: ["graphviz"] },
  { packages: /^(uwsgi|pycrypto|pylibmc|gevent-websocket|netifaces)$/, build: ["gcc", "libc6-dev"], run: [] },
  { packages: /^pyodbc$/, build: [], run: ["unixodbc"] },
  { packages: /^(moviepy|pydub|ffmpeg-python)$/, build: [], run: ["ffmpeg"] },
];

/** Debian packages that the dependencies need, sorted. `psycopg[binary]` brings its own library. */
export function systemPackages(dependencies: readonly PythonDependency[]): {
  readonly build: readonly string[];
  readonly run: readonly string[];
} {
  const build = new Set<string>();
  const run = new Set<string>();
  for (const dependency of dependencies) {
    if (dependency.name === "psycopg" && dependency.extras.includes("binary")) continue;
    const needs = table.find(each => each.packages.test(dependency.name));
    for (const name of needs?.build ?? []) build.add(name);
    for (const name of needs?.run ?? []) run.add(name);
    if (dependency.name === "psycopg" && dependency.extras.includes("c")) {
      build.add("gcc");
      build.add("libpq-dev");
    }
  }
  // Headers come with the compiler only where it is installed whole.
  if (build.has("gcc")) build.add("libc6-dev");
  return { build: [...build].sort(), run: [...run].sort() };
}
