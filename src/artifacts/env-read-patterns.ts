export type EnvReadHow =
  | "process.env"
  | "import.meta.env"
  | "os.environ"
  | "getenv"
  | "decouple"
  | "environ"
  | "pydantic"
  | "go"
  | "ruby"
  | "php"
  | "java"
  | "shell";

export type Language = "script" | "python" | "go" | "ruby" | "php" | "java";

/** A file without any of these reads no environment. */
export const mentions: Readonly<Record<Language, readonly string[]>> = {
  script: ["process.env", "import.meta.env", "Deno.env", "Bun.env"],
  python: ["environ", "getenv", "config(", "env(", "env.", "BaseSettings"],
  go: [
    "Getenv",
    "LookupEnv",
    "viper",
    "envconfig",
    "os.E",
    "env.Parse",
    "Env(",
    'env:"',
    "cleanenv",
    "env.Provider",
  ],
  ruby: ["ENV"],
  php: ["env(", "$_ENV", "$_SERVER"],
  java: ["getenv", "@Value", "Environment"],
};

export interface Pattern {
  readonly expression: RegExp;
  readonly how: EnvReadHow;
  /** Whether a missing variable stops the program; by default it does not. */
  readonly required?: boolean;
  /** Says that names are read which are not written here. */
  readonly wildcard?: string;
}

const quotedName = `["'\`]([A-Za-z_][A-Za-z0-9_]*)["'\`]`;

export const patterns: Readonly<Record<Language, readonly Pattern[]>> = {
  script: [
    { expression: /\bprocess\.env(?:\.|\?\.)([A-Za-z_$][\w$]*)/g, how: "process.env" },
    {
      expression: new RegExp(`\\bprocess\\.env\\??\\.?\\[\\s*${quotedName}\\s*\\]`, "g"),
      how: "process.env",
    },
    { expression: /\bimport\.meta\.env(?:\.|\?\.)([A-Za-z_$][\w$]*)/g, how: "import.meta.env" },
    {
      expression: new RegExp(`\\bimport\\.meta\\.env\\[\\s*${quotedName}\\s*\\]`, "g"),
      how: "import.meta.env",
    },
    {
      expression: new RegExp(`\\b(?:Deno\\.env\\.get\\(|Bun\\.env\\[)\\s*${quotedName}`, "g"),
      how: "process.env",
    },
    {
      expression: /\b(?:const|let|var)\s*\{([^{}]{1,2000})\}\s*=\s*(?:process\.env|import\.meta\.env)\b/g,
      how: "process.env",
    },
    {
      expression:
        /(?<!\}\s{0,20}=\s{0,20})\bprocess\.env(?:\[\s*(?!["'`][A-Za-z_]\w*["'`]\s*\])|\s*[,;)}\n]|\s*$| as )/g,
      how: "process.env",
      wildcard: "process.env is read as a whole or by a computed name",
    },
    {
      expression: /(?<!\}\s{0,20}=\s{0,20})\bimport\.meta\.env(?:\[\s*(?!["'`])|\s*[,;)}\n]|\s*$)/g,
      how: "import.meta.env",
      wildcard: "import.meta.env is read as a whole or by a computed name",
    },
  ],
  python: [
    {
      expression: new RegExp(`\\benviron\\[\\s*${quotedName}\\s*\\]`, "g"),
      how: "os.environ",
      required: true,
    },
    {
      expression: new RegExp(`\\benviron\\.(?:get|pop|setdefault)\\(\\s*${quotedName}`, "g"),
      how: "os.environ",
    },
    {
      expression: /["']([A-Za-z_][A-Za-z0-9_]*)["']\s+(?:not\s+)?in\s+os\.environ\b(?![.[(])/g,
      how: "os.environ",
    },
    { expression: new RegExp(`\\bgetenv\\(\\s*${quotedName}`, "g"), how: "getenv" },
    { expression: new RegExp(`(?<![\\w.])config\\(\\s*${quotedName}`, "g"), how: "decouple", required: true },
    {
      expression: new RegExp(
        `(?<![\\w.])env(?:\\.(?:str|bool|int|float|list|tuple|json|dict|url|path|db|db_url|dj_db_url|cache|cache_url|email_url|search_url|get_value|timedelta|bytes|unicode))?\\(\\s*(?:var\\s*=\\s*)?${quotedName}`,
        "g",
      ),
      how: "environ",
      required: true,
    },
    { expression: /\bdj_database_url\.config\(/g, how: "environ" },
    {
      expression:
        /\b(?:environ|getenv)(?:\[\s*(?=[A-Za-z_f])(?!["'])|(?:\.get)?\(\s*(?:[A-Za-z_][\w.]*\s*[,)+]|f["']))/g,
      how: "os.environ",
      wildcard: "the environment is read by a computed name",
    },
    {
      expression: /\bos\.environ(?:\.(?:items|keys|values)\(|\s*[,)\n}]|\s*\|)/g,
      how: "os.environ",
      wildcard: "the environment is read as a whole",
    },
    {
      expression: /\b(?:configurations?\.values|class\s+\w+\(Configuration\))/g,
      how: "environ",
      wildcard: "settings classes read variables by their own names",
    },
  ],
  go: [
    { expression: /\b(?:Getenv|LookupEnv)\(\s*"([A-Za-z_]\w*)"/g, how: "go" },
    // Helpers of the project's own, by the names that they mostly have, with a default behind.
    {
      expression:
        /\b(?:[gG]et[eE]nv(?:Or\w*|With\w*|String|Default)?|env(?:Or\w*|String|Default)|GetString)\(\s*"([A-Z][A-Z0-9_]*)"(?=\s*,\s*")/g,
      how: "go",
    },
    { expression: /`[^`\n]*\benv:"([A-Za-z_]\w*)/g, how: "go" },
    {
      expression:
        /\b(?:AutomaticEnv|SetEnvPrefix|BindEnv|BindStruct|envconfig\.(?:Must)?Process|cleanenv\.\w+|env\.Provider\w*|os\.Environ|os\.ExpandEnv|os\.Expand)\(|\b(?:Getenv|LookupEnv)\(\s*[a-z]|`[^`\n]*\benvPrefix:"|`[^`\n]*\benvconfig:"/g,
      how: "go",
      wildcard: "variables are read by computed names",
    },
  ],
  ruby: [
    { expression: /\bENV\.fetch\(\s*["']([A-Za-z_]\w*)["']/g, how: "ruby", required: true },
    { expression: /\bENV\[\s*["']([A-Za-z_]\w*)["']\s*\]/g, how: "ruby" },
    {
      expression: /\bENV(?:\[\s*[^"'\s]|\.(?:to_h|each|select|slice)|\.fetch\(\s*[^"'\s])/g,
      how: "ruby",
      wildcard: "ENV is read by a computed name",
    },
  ],
  php: [
    { expression: /(?<![\w>:])(?:getenv|env)\(\s*["']([A-Za-z_]\w*)["']/g, how: "php" },
    { expression: /\$_(?:ENV|SERVER)\[\s*["']([A-Z_][A-Z0-9_]*)["']\s*\]/g, how: "php" },
    {
      expression: /(?<![\w>:])getenv\(\s*[$)]|\$_ENV\[\s*\$/g,
      how: "php",
      wildcard: "the environment is read by a computed name",
    },
  ],
  java: [
    { expression: /\bgetenv\(\s*"([A-Za-z_]\w*)"/g, how: "java" },
    { expression: /\$\{([A-Za-z_][\w.-]*)(?::[^}]*)?\}/g, how: "java" },
    {
      expression: /\bgetenv\(\s*(?:\)|[a-z])|@ConfigurationProperties/g,
      how: "java",
      wildcard: "Spring binds variables to properties by their names",
    },
  ],
};
