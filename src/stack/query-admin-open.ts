import type { Severity } from "../core/finding.ts";

/** A tool that lets everybody in unless it is told otherwise. */
export interface OpenTool {
  /** The image without its tag. */
  readonly image: RegExp;
  /** Container ports of its pages or its API. */
  readonly ports: readonly number[];
  /** To begin a sentence with. */
  readonly what: string;
  readonly severity: Severity;
  /** What everybody does, after "everybody". */
  readonly consequence: string;
  /** Variables and words of the command that bring a login, or that nobody can judge. */
  readonly guard?: RegExp;
  /** No configuration file gives it a login. */
  readonly always?: true;
  /** It is open only where one of these words stands in its command. */
  readonly onlyWith?: RegExp;
}

const anyConfiguration = /^\$|^--?config|\.ya?ml$/i;

/** Tools without a login of their own by default, by their documentation of November 2026. */
export const openTools: readonly OpenTool[] = [
  {
    image: /(?:^|\/)redis-commander$/,
    ports: [8081],
    what: "Redis Commander",
    severity: "critical",
    consequence: "reads and changes the cache",
    guard: /^HTTP_(?:USER|PASSWORD)|^--http-auth/,
  },
  {
    image: /(?:^|\/)redisinsight$/,
    ports: [5540, 8001],
    what: "Redis Insight",
    severity: "high",
    consequence: "works with the databases it keeps",
  },
  {
    image: /(?:^|\/)(?:mailhog|mailpit)$/,
    ports: [8025],
    what: "The mail catcher",
    severity: "high",
    consequence: "reads every mail of the application, password resets included",
    guard: /^MP_UI_AUTH|^MH_AUTH_FILE|^--?(?:ui-auth|auth-file)/,
  },
  {
    image: /(?:^|\/)maildev$/,
    ports: [1080, 80],
    what: "The mail catcher",
    severity: "high",
    consequence: "reads every mail of the application, password resets included",
    guard: /^MAILDEV_WEB_(?:USER|PASS)|^--web-(?:user|pass)/,
  },
  {
    image: /^oryd\/kratos$/,
    ports: [4434],
    what: "The administration of Ory Kratos",
    severity: "critical",
    consequence: "reads every account, changes it and signs in as it",
    always: true,
  },
  {
    image: /^oryd\/hydra$/,
    ports: [4445],
    what: "The administration of Ory Hydra",
    severity: "critical",
    consequence: "makes clients and accepts logins in anybody's name",
    always: true,
  },
  {
    image: /(?:^|\/)zipkin$/,
    ports: [9411],
    what: "Zipkin",
    severity: "medium",
    consequence: "reads the traces of every request",
  },
  {
    image: /(?:^|\/)cadvisor$/,
    ports: [8080],
    what: "cAdvisor",
    severity: "medium",
    consequence: "reads names, commands and load of every container",
    guard: /^--?http_(?:auth|digest)_file/,
  },
  {
    image: /(?:^|\/)dozzle$/,
    ports: [8080],
    what: "Dozzle",
    severity: "high",
    consequence: "reads the logs of every container of the server",
    guard: /^DOZZLE_(?:AUTH_PROVIDER|USERNAME)|^--auth-provider/,
  },
  {
    image: /(?:^|\/)kafka-ui$/,
    ports: [8080],
    what: "The console of Kafka",
    severity: "high",
    consequence: "reads, writes and deletes topics",
    guard: /^AUTH_TYPE|^SPRING_CONFIG|^SERVER_BASIC|^\$/i,
  },
  {
    image: /(?:^|\/)kafdrop$/,
    ports: [9000],
    what: "Kafdrop",
    severity: "high",
    consequence: "reads every message of the topics",
  },
  {
    image: /(?:^|\/)(?:rq-dashboard|bull-board)$/,
    ports: [9181, 3000],
    what: "The dashboard of the job queue",
    severity: "high",
    consequence: "reads the arguments of jobs and deletes them",
    guard: /^(?:RQ_DASHBOARD_USERNAME|USER_LOGIN|USER_PASSWORD)$|^--?(?:username|password)/,
  },
  {
    image: /^(?:hasura\/)?graphql-engine$|\/graphql-engine$/,
    ports: [8080],
    what: "Hasura",
    severity: "critical",
    consequence: "reads and changes the database with the rights of its administrator",
    guard: /^HASURA_GRAPHQL_(?:ADMIN_SECRET|ACCESS_KEY)|^--admin-secret|^\$/,
  },
  {
    image: /(?:^|\/)mlflow$/,
    ports: [5000],
    what: "MLflow",
    severity: "high",
    consequence: "reads, changes and deletes experiments and models",
    guard: /^MLFLOW_AUTH|basic-auth|--app-name|^\$/,
  },
  {
    image: /(?:^|\/)(?:docker-)?socket-proxy$/,
    ports: [2375],
    what: "The proxy of the engine's socket",
    severity: "critical",
    consequence: "asks the server's container engine for what it allows",
  },
  {
    image: /(?:^|\/)(?:[\w-]+-notebook|jupyterlab)$/,
    ports: [8888],
    what: "Jupyter",
    severity: "critical",
    consequence: "runs any code in its container",
    onlyWith: /^--(?:NotebookApp|ServerApp|IdentityProvider)\.(?:token|password)=(?:''|"")?$/,
  },
  {
    image: /^codercom\/code-server$/,
    ports: [8080],
    what: "code-server",
    severity: "critical",
    consequence: "edits the files and has a shell in its container",
    onlyWith: /^--auth=none$|^none$/,
  },
  {
    image: /^linuxserver\/code-server$|\/linuxserver\/code-server$/,
    ports: [8443],
    what: "code-server",
    severity: "critical",
    consequence: "edits the files and has a shell in its container",
    guard: /^(?:FILE__)?(?:HASHED_)?PASSWORD$/,
  },
  {
    image: /^temporalio\/ui$/,
    ports: [8080],
    what: "The console of Temporal",
    severity: "high",
    consequence: "reads the data of every workflow and ends it",
    guard: /^TEMPORAL_AUTH/,
  },
  {
    image: /^qdrant\/qdrant$/,
    ports: [6333, 6334],
    what: "Qdrant",
    severity: "critical",
    consequence: "reads, changes and deletes its collections",
    guard: /^QDRANT__SERVICE__API_KEY$|^\$/,
  },
  {
    image: /^chromadb\/chroma$/,
    ports: [8000],
    what: "Chroma",
    severity: "critical",
    consequence: "reads, changes and deletes its collections",
    guard: /AUTH|^\$/,
  },
  {
    image: /^ollama\/ollama$/,
    ports: [11434],
    what: "Ollama",
    severity: "medium",
    consequence: "uses the machine for questions of their own, and removes its models",
  },
  {
    image: /(?:^|\/)netdata$/,
    ports: [19999],
    what: "Netdata",
    severity: "medium",
    consequence: "reads the server's load, processes and network",
  },
  {
    image: /^jaegertracing\/(?:jaeger|all-in-one|jaeger-query)$/,
    ports: [16686],
    what: "Jaeger",
    severity: "medium",
    consequence: "reads the traces of every request",
    guard: anyConfiguration,
  },
  {
    image: /^(?:hashicorp\/|gliderlabs\/)?consul(?:-server)?$/,
    ports: [8500],
    what: "Consul",
    severity: "high",
    consequence: "reads and changes the settings and the services that it keeps",
    guard: /^CONSUL_(?:LOCAL_CONFIG|HTTP_TOKEN)|^-+(?:config-|hcl)/,
  },
  {
    image: /^(?:bitnami\/|bitnamilegacy\/)?solr$/,
    ports: [8983],
    what: "The administration of Solr",
    severity: "critical",
    consequence: "reads, changes and deletes the index",
    guard: /^SOLR_(?:AUTH|ADMIN|ENABLE_AUTH)/,
  },
  {
    image: /(?:^|\/)(?:coreos|etcd-development)\/etcd$/,
    ports: [2379],
    what: "The store etcd",
    severity: "critical",
    consequence: "reads and changes every key",
    guard: /^ETCD_(?:CLIENT_CERT|ROOT|TRUSTED)|^--(?:client-cert-auth|trusted-ca-file|config-file)/,
  },
  {
    image: /^selenium\/(?:standalone-[\w-]+|hub)$/,
    ports: [4444],
    what: "Selenium",
    severity: "high",
    consequence: "drives a browser that stands in the network of the server",
    guard: /^SE_ROUTER_(?:USERNAME|PASSWORD)/,
  },
  {
    image: /^temporalio\/(?:auto-setup|server)$/,
    ports: [7233],
    what: "Temporal",
    severity: "high",
    consequence: "starts, ends and reads workflows",
    guard: /^TEMPORAL_(?:TLS|AUTH|JWT)/,
  },
  {
    image: /^(?:apache\/)?flink$/,
    ports: [8081],
    what: "Flink",
    severity: "critical",
    consequence: "runs programs in it",
  },
];
