import type { Distribution } from "./facts.ts";

/** Programs of the plain systems, which every image built on them keeps. */
const posix = "sh cat grep sed awk find tar gzip test true su";
export const distroTools: Readonly<Partial<Record<Distribution, string>>> = {
  debian: `${posix} bash perl apt-get dpkg useradd groupadd`,
  ubuntu: `${posix} bash perl apt-get dpkg useradd groupadd`,
  alpine: `${posix} ash wget nc ping netstat ps pgrep pkill vi apk adduser addgroup`,
  busybox: `${posix} ash wget nc ping`,
  rhel: "sh bash cat grep sed",
};

const extras =
  "-jq -git -python -python3 -node -npm -vim -sudo -tini -dumb-init -pg_isready -psql -redis-cli -mysqladmin -mongosh";

/** Programs that the plain systems do not have: true of an image only when it adds nothing but what its row lists. */
export const absentTools: Readonly<Partial<Record<Distribution, string>>> = {
  debian: `-curl -wget -nc -ping -ss -netstat -apk -ps -pgrep -pkill ${extras}`,
  ubuntu: `-curl -wget -nc -ping -ss -netstat -apk ${extras}`,
  alpine: `-curl -bash -perl -apt-get -useradd ${extras}`,
  busybox: `-curl -bash -apk -apt-get ${extras}`,
};

/** The day of the data of endoflife.date with which the dates below were last compared. */
export const supportEndsAsOf = "2026-08-22";

/** Support ends by product and cycle: node `18`, python `3.8`, debian `bullseye` (long-term support by Debian LTS). */
const supportEnds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  node: {
    "10": "2021-04-30",
    "12": "2022-04-30",
    "14": "2023-04-30",
    "15": "2021-06-01",
    "16": "2023-09-11",
    "17": "2022-06-01",
    "18": "2025-04-30",
    "19": "2023-06-01",
    "20": "2026-04-30",
    "21": "2024-06-01",
    "22": "2027-04-30",
    "23": "2025-06-01",
    "24": "2028-04-30",
    "25": "2026-06-01",
    "26": "2029-04-30",
  },
  python: {
    "2.7": "2020-01-01",
    "3.5": "2020-09-30",
    "3.6": "2021-12-23",
    "3.7": "2023-06-27",
    "3.8": "2024-10-07",
    "3.9": "2025-10-31",
    "3.10": "2026-10-31",
    "3.11": "2027-10-31",
    "3.12": "2028-10-31",
    "3.13": "2029-10-31",
    "3.14": "2030-10-31",
  },
  postgres: {
    "9": "2021-11-11",
    "10": "2022-11-10",
    "11": "2023-11-09",
    "12": "2024-11-21",
    "13": "2025-11-13",
    "14": "2026-11-12",
    "15": "2027-11-11",
    "16": "2028-11-09",
    "17": "2029-11-08",
    "18": "2030-11-14",
  },
  debian: {
    stretch: "2022-07-01",
    buster: "2024-06-30",
    bullseye: "2026-08-31",
    bookworm: "2028-06-30",
    trixie: "2030-06-30",
  },
  ubuntu: {
    "18.04": "2023-05-31",
    "20.04": "2025-05-31",
    "22.04": "2027-04-01",
    "24.04": "2029-05-31",
    "24.10": "2025-07-10",
    "25.04": "2026-01-17",
    "25.10": "2026-07-01",
    "26.04": "2031-04-30",
  },
  alpine: {
    "3.12": "2022-05-01",
    "3.13": "2022-11-01",
    "3.14": "2023-05-01",
    "3.15": "2023-11-01",
    "3.16": "2024-05-23",
    "3.17": "2024-11-22",
    "3.18": "2025-05-09",
    "3.19": "2025-11-01",
    "3.20": "2026-04-01",
    "3.21": "2026-11-01",
    "3.22": "2027-05-01",
    "3.23": "2027-11-01",
    "3.24": "2028-06-01",
  },
  mysql: {
    "5.5": "2018-12-31",
    "5.6": "2021-02-28",
    "5.7": "2023-10-31",
    "8.0": "2026-04-30",
    "8.1": "2023-10-25",
    "8.2": "2023-12-14",
    "8.3": "2024-04-10",
    "8.4": "2032-04-30",
    "9.0": "2024-10-15",
    "9.1": "2025-01-21",
    "9.2": "2025-04-15",
    "9.3": "2025-07-22",
    "9.4": "2025-10-21",
    "9.5": "2026-01-20",
    "9.6": "2026-04-21",
    "9.7": "2034-04-21",
  },
  mariadb: {
    "10.3": "2023-05-25",
    "10.4": "2024-06-18",
    "10.5": "2025-06-24",
    "10.6": "2026-07-06",
    "10.7": "2023-02-09",
    "10.8": "2023-05-20",
    "10.9": "2023-08-22",
    "10.10": "2023-11-17",
    "10.11": "2028-02-16",
    "11.0": "2024-06-06",
    "11.1": "2024-08-21",
    "11.2": "2024-11-21",
    "11.3": "2024-05-29",
    "11.4": "2029-05-29",
    "11.5": "2024-11-21",
    "11.6": "2025-02-13",
    "11.7": "2025-05-12",
    "11.8": "2028-06-04",
    "12.0": "2025-11-18",
    "12.1": "2026-02-13",
    "12.2": "2026-05-28",
    "12.3": "2029-06-12",
  },
  mongo: {
    "4.0": "2022-04-30",
    "4.2": "2023-04-30",
    "4.4": "2024-02-29",
    "5.0": "2024-10-31",
    "6.0": "2025-07-31",
    "7.0": "2027-08-31",
    "7.1": "2024-01-23",
    "7.2": "2024-03-27",
    "7.3": "2024-10-02",
    "8.0": "2029-10-31",
    "8.1": "2025-09-30",
    "8.2": "2026-07-31",
    "8.3": "2029-10-31",
  },
  redis: {
    "5": "2022-04-27",
    "6.0": "2022-05-31",
    "6.2": "2027-04-01",
    "7.0": "2024-07-29",
    "7.2": "2029-12-01",
    "7.4": "2029-12-01",
    "8.0": "2026-12-01",
    "8.2": "2030-09-01",
  },
  valkey: { "7.2": "2029-04-16", "8.0": "2027-09-15", "8.1": "2030-03-31", "9.0": "2028-10-21" },
  rabbitmq: {
    "3.7": "2020-09-30",
    "3.8": "2022-07-31",
    "3.9": "2023-01-31",
    "3.10": "2022-09-28",
    "3.11": "2023-06-01",
    "3.12": "2024-02-21",
    "3.13": "2024-09-17",
    "4.0": "2025-04-15",
    "4.1": "2026-01-30",
    "4.2": "2026-07-31",
  },
  php: {
    "7.3": "2021-12-06",
    "7.4": "2022-11-28",
    "8.0": "2023-11-26",
    "8.1": "2025-12-31",
    "8.2": "2026-12-31",
    "8.3": "2027-12-31",
    "8.4": "2028-12-31",
    "8.5": "2029-12-31",
  },
  ruby: {
    "2.6": "2022-03-31",
    "2.7": "2023-03-31",
    "3.0": "2024-04-23",
    "3.1": "2025-03-26",
    "3.2": "2026-03-31",
    "3.3": "2027-03-31",
    "3.4": "2028-03-31",
    "4.0": "2029-03-31",
  },
  golang: {
    "1.16": "2022-03-15",
    "1.17": "2022-08-02",
    "1.18": "2023-02-01",
    "1.19": "2023-09-06",
    "1.20": "2024-02-06",
    "1.21": "2024-08-13",
    "1.22": "2025-02-11",
    "1.23": "2025-08-12",
    "1.24": "2026-02-10",
    "1.25": "2026-08-19",
  },
  dotnet: {
    "3.1": "2022-12-13",
    "5.0": "2022-05-10",
    "6.0": "2024-11-12",
    "7.0": "2024-05-14",
    "8.0": "2026-11-10",
    "9.0": "2026-11-10",
    "10.0": "2028-11-14",
  },
  nginx: {
    "1.14": "2019-04-23",
    "1.16": "2020-04-20",
    "1.18": "2021-04-20",
    "1.19": "2021-05-25",
    "1.20": "2022-05-24",
    "1.21": "2022-06-21",
    "1.22": "2023-04-11",
    "1.23": "2023-05-23",
    "1.24": "2024-04-23",
    "1.25": "2024-05-29",
    "1.26": "2025-04-23",
    "1.27": "2025-06-24",
    "1.28": "2026-04-14",
    "1.29": "2026-05-13",
  },
  elasticsearch: { "6": "2022-02-10", "7": "2026-01-15", "8": "2027-07-15" },
  temurin: {
    "8": "2030-12-31",
    "11": "2027-10-31",
    "16": "2021-09-30",
    "17": "2027-10-31",
    "18": "2022-09-30",
    "19": "2023-03-31",
    "20": "2023-09-19",
    "21": "2029-12-31",
    "22": "2024-09-17",
    "23": "2025-03-18",
    "24": "2025-09-16",
    "25": "2031-09-30",
    "26": "2026-09-15",
  },
};

/** The products a family's tag speaks of first; distributions come from the tag's variant. */
const productOf: Readonly<Record<string, string>> = {
  node: "node",
  python: "python",
  postgres: "postgres",
  "postgis/postgis": "postgres",
  debian: "debian",
  ubuntu: "ubuntu",
  alpine: "alpine",
  mysql: "mysql",
  mariadb: "mariadb",
  mongo: "mongo",
  redis: "redis",
  "valkey/valkey": "valkey",
  rabbitmq: "rabbitmq",
  "eclipse-temurin": "temurin",
  php: "php",
  ruby: "ruby",
  golang: "golang",
  "mcr.microsoft.com/dotnet": "dotnet",
  elasticsearch: "elasticsearch",
  nginx: "nginx",
  "nginxinc/nginx-unprivileged": "nginx",
};

const debianNumbers: Readonly<Record<string, string>> = {
  "9": "stretch",
  "10": "buster",
  "11": "bullseye",
  "12": "bookworm",
  "13": "trixie",
};
const ubuntuNames: Readonly<Record<string, string>> = {
  bionic: "18.04",
  focal: "20.04",
  jammy: "22.04",
  noble: "24.04",
  oracular: "24.10",
  plucky: "25.04",
  questing: "25.10",
  resolute: "26.04",
};

/** Tags are free text: names such as "constructor" must not find what every object has. */
function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}

interface Ended {
  readonly product: string;
  readonly version: string;
  readonly date: string;
}

/** Every product and cycle with a known date that the tag names. */
export function versionedEndOfLife(family: string, tag: string): readonly Ended[] {
  const found: Ended[] = [];
  const add = (product: string, version: string | undefined) => {
    const date = version === undefined ? undefined : own(own(supportEnds, product), version);
    if (version !== undefined && date && !found.some(each => each.product === product))
      found.push({ product, version, date });
  };
  const product = own(productOf, family);
  const number = /^(\d{1,4})(?:\.(\d{1,4}))?/.exec(tag);
  // latest-pg14 and 2.11.0-pg14 of images built on PostgreSQL
  const postgres = /(?:^|-)pg(\d{1,2})(?:\b|$)/.exec(tag);
  if (postgres && /timescale|pgvector|postgis/.test(family)) add("postgres", postgres[1]);
  if (product && number) {
    const [, major, minor] = number;
    if (product === "debian") add("debian", own(debianNumbers, major!));
    else {
      if (minor !== undefined) add(product, `${major}.${minor}`);
      add(product, major);
    }
  }
  for (const word of tag.split("-")) {
    add("debian", own(supportEnds["debian"], word) && word);
    add("ubuntu", own(ubuntuNames, word));
    const alpine = /^alpine(3\.\d{1,2})$/.exec(word);
    if (alpine) add("alpine", alpine[1]);
  }
  return found;
}
