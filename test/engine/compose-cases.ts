/** Compose projects of our own; the engine's `config` is asked about each. `compose` lists the files as for `-f`. */
export interface ComposeCase {
  readonly name: string;
  readonly compose: readonly string[];
  readonly files: Record<string, string>;
}

export const cases: readonly ComposeCase[] = [
  {
    name: "ports in every spelling",
    compose: ["docker-compose.yml"],
    files: {
      "docker-compose.yml": `services:
  web:
    image: nginx:1.27
    ports:
      - "80"
      - "8080:80"
      - "127.0.0.1:8081:80"
      - "53:53/udp"
      - "[::1]:8082:80"
      - "\${WEB_PORT:-9000}:80"
      - target: 443
        published: "8443"
        host_ip: 127.0.0.1
        protocol: tcp
        mode: host
`,
    },
  },
  {
    name: "mounts in every spelling",
    compose: ["docker-compose.yml"],
    files: {
      "docker-compose.yml": `services:
  web:
    image: nginx:1.27
    volumes:
      - data:/data
      - ./conf:/etc/conf:ro
      - ./sub/../other:/other
      - /anonymous
      - type: bind
        source: ./long
        target: /long
        read_only: true
      - type: volume
        source: data
        target: /more/
    tmpfs:
      - /run
volumes:
  data:
`,
    },
  },
  {
    name: "environment as list and as map, env files below it",
    compose: ["docker-compose.yml"],
    files: {
      ".env": "FROM_DOTENV=dot\nQUOTED='a b'\n",
      "app.env": 'A=file\nB="two words"\nC=x # comment\nD=$$literal\nE=${FROM_DOTENV}\n',
      "more.env": "A=later\n",
      "docker-compose.yml": `services:
  list:
    image: a
    env_file: [app.env, more.env]
    environment:
      - B=own
      - EMPTY=
      - "SPACED=a=b c"
      - FROM=\${FROM_DOTENV}
  map:
    image: a
    environment:
      N: 1
      T: "true"
      O: 0440
      F: 3.10
      Q: \${QUOTED}
      D: \${NOT_SET:-fallback}
`,
    },
  },
  {
    name: "commands and health checks",
    compose: ["docker-compose.yml"],
    files: {
      "docker-compose.yml": `services:
  a:
    image: a
    command: sh -c "echo 'hello world' && sleep 1"
    entrypoint: /entry --flag "two words"
    healthcheck:
      test: curl -f http://localhost/
  b:
    image: b
    command: ["a b", "c"]
    healthcheck:
      test: ["CMD", "pg_isready", "-U", "x"]
  c:
    image: c
    command: >
      postgres
      -c a=b
      -c shared_preload_libraries=x
    healthcheck:
      disable: true
  d:
    image: d
    healthcheck:
      test: ["NONE"]
`,
    },
  },
  {
    name: "overlay over a base",
    compose: ["docker-compose.yml", "docker-compose.prod.yml"],
    files: {
      "docker-compose.yml": `services:
  web:
    build: ./web
    command: npm run dev
    ports: ["3000:3000"]
    volumes:
      - ./web:/app
      - cache:/cache
    environment:
      - NODE_ENV=development
      - KEEP=1
    depends_on: [db]
    networks: [front]
  db:
    image: postgres:15
    ports: ["5432:5432"]
networks:
  front:
  back:
volumes:
  cache:
`,
      "docker-compose.prod.yml": `services:
  web:
    command: ["npm", "start"]
    volumes:
      - ./prod:/app
    environment:
      NODE_ENV: production
      ADDED: "yes"
    depends_on:
      db:
        condition: service_healthy
    networks: [back]
    restart: always
  db:
    image: postgres:16
    ports: !reset []
    healthcheck:
      test: ["CMD-SHELL", "pg_isready"]
`,
      "web/Dockerfile": "FROM scratch\n",
    },
  },
  {
    name: "override tag replaces a list",
    compose: ["docker-compose.yml", "docker-compose.prod.yml"],
    files: {
      "docker-compose.yml": `services:
  web:
    image: a
    ports: ["1:1", "2:2"]
    environment: {A: "1"}
`,
      "docker-compose.prod.yml": `services:
  web:
    ports: !override ["3:3"]
    environment: !reset {}
`,
    },
  },
  {
    name: "extends within a file and across directories",
    compose: ["docker-compose.yml"],
    files: {
      "docker-compose.yml": `services:
  base:
    image: a
    environment: {LEVEL: base, BASE: "1"}
    volumes: ["./here:/here"]
  web:
    extends: base
    environment: {LEVEL: web}
  worker:
    extends:
      file: common/services.yml
      service: worker
    command: run
`,
      "common/services.yml": `services:
  parent:
    image: p
    restart: always
    environment: [FROM=parent]
  worker:
    extends: {service: parent}
    volumes: ["./data:/data"]
    command: other
`,
    },
  },
  {
    name: "include with its own directory",
    compose: ["docker-compose.yml"],
    files: {
      "docker-compose.yml": `include:
  - infra/compose.yml
services:
  web:
    image: a
    depends_on: [db]
`,
      "infra/compose.yml": `services:
  db:
    image: postgres:16
    volumes: ["./init:/docker-entrypoint-initdb.d:ro"]
`,
    },
  },
  {
    name: "anchors and merge keys",
    compose: ["docker-compose.yml"],
    files: {
      "docker-compose.yml": `x-common: &common
  restart: unless-stopped
  environment: &env
    A: "1"
    B: "2"
x-more: &more
  networks: [back]
services:
  web:
    <<: [*common, *more]
    image: a
    environment:
      <<: *env
      B: "3"
  job:
    <<: *common
    image: b
    profiles: [tools]
networks:
  back:
`,
    },
  },
  {
    name: "interpolation corner cases",
    compose: ["docker-compose.yml"],
    files: {
      ".env": "SET=1\nEMPTY=\n",
      "docker-compose.yml": `services:
  web:
    image: "app:\${TAG:-latest}"
    environment:
      A: "$$HOME and 100%$"
      B: \${EMPTY:-d}
      C: \${EMPTY-d}
      D: \${SET:+yes}
      E: \${NONE:-\${SET}}
      F: "\${NONE:-a:b}"
      G: $SET
`,
    },
  },
  {
    name: "several documents in one file",
    compose: ["docker-compose.yml"],
    files: {
      "docker-compose.yml":
        "services:\n  a:\n    image: one\n    environment: {X: '1'}\n---\nservices:\n  a:\n    image: two\n  b:\n    image: three\n",
    },
  },
];
