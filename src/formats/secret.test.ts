import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { credentialsInUrl, isPlaceholder, isSecretName, isWeakSecret, isWebhook } from "./secret.ts";

describe("isSecretName", () => {
  it.each([
    "PASSWORD",
    "POSTGRES_PASSWORD",
    "DB_PASS",
    "MYSQL_PWD",
    "SECRET_KEY",
    "DJANGO_SECRET_KEY",
    "JWT_SECRET",
    "GITHUB_TOKEN",
    "API_KEY",
    "STRIPE_API_KEY",
    "PRIVATE_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "SENTRY_DSN",
    "dbPassword",
    "smtp-password",
    "REACT_APP_MAP_TOKEN",
    "VITE_API_SECRET",
    "APP_KEY",
    "PGPASSWORD",
    "REDIS_PASSWD",
    "GOOGLE_CREDENTIALS",
    "JWT_SIGNING_KEY",
    "EMAIL_HOST_PASSWORD",
    "CLIENT_SECRET",
    "SUPABASE_SERVICE_ROLE_KEY",
    "TOKEN",
  ])("%s is one", name => expect(isSecretName(name)).toBe(true));

  it.each([
    "",
    "PWD",
    "OLDPWD",
    "POSTGRES_PASSWORD_FILE",
    "CREDENTIALS_KEY_FILEPATH",
    "SECRETS_PATH",
    "TOKEN_EXPIRY",
    "JWT_TOKEN_EXPIRES_IN",
    "PUBLIC_KEY",
    "STRIPE_PUBLISHABLE_KEY",
    "BUGSNAG_API_KEY",
    "KEY_ID",
    "AWS_ACCESS_KEY_ID",
    "PASSWORD_MIN_LENGTH",
    "PASSWORD_RESET_URL",
    "SECRET_NAME",
    "TOKEN_ADDRESS",
    "MAX_TOKENS",
    "TOKENIZER",
    "PASSWORDLESS",
    "ALLOW_EMPTY_PASSWORD",
    "MYSQL_RANDOM_ROOT_PASSWORD",
    "MYSQL_ALLOW_EMPTY_PASSWORD",
    "REQUIRE_PASSWORD",
    "CACHE_KEY_PREFIX",
    "SSH_KEY_PATH",
    "KEYBOARD",
    "SECRET_MANAGER",
    "PRIMARY_KEY",
    "REDIS_URL",
    "ACCESS_TOKEN_LIFETIME",
    "ACCESS_TOKEN_EXPIRE_MINUTES",
    "CSRF_TOKEN",
    "BYPASS",
    "COMPASS",
    "PASS",
    "NEXT_PUBLIC_API_URL",
    "USE_TOKEN",
    "PASSWORD_HASHERS",
    "AUTH_TOKEN_HEADER",
    "PASSWORD_AUTHENTICATION",
    "PASSWORD_ENCRYPTION",
  ])("%s is none", name => expect(isSecretName(name)).toBe(false));
});

describe("isPlaceholder", () => {
  it.each([
    "",
    "  ",
    "change-me",
    "CAMBIAR_PASSWORD_SEGURO_DB",
    "troque-por-uma-chave",
    "changez-moi",
    "changePassword",
    "change-runner-auth-token",
    "changeme",
    "CHANGE_ME_IN_PRODUCTION",
    "changethis",
    "your-secret-key",
    "your_private_key_here",
    "https://rpc.example.net/v3/YOUR_PROJECT_ID",
    "<password>",
    "<your token>",
    "xxx",
    "XXXXXXXX",
    "0x...",
    "...",
    "TODO",
    "placeholder",
    "replace-with-a-long-random-string",
    "REPLACE_ME",
    "sk_test_xxxxxxxx",
    "{{ secret }}",
    "__SECRET__",
    "AKIAIOSFODNN7EXAMPLE",
    "user@example.com",
    "***",
    "put-secret-here-here",
    "generate-a-key-here",
    "insert key",
    "someRandomStringWith32Characters",
    "trial-secret-not-real",
    "dummyvalue",
    "placeholder_token",
    "AVeryLongKey-SoNotThisOne",
    "SomeSalt-NotThisOneEither",
    "GK00000000000000000000000000000000",
    "000000000000000000000000",
    "CAMBIAR_PASSWORD_SEGURO_DB",
    "troque-esta-senha",
    "remplacez-moi",
    "sua_senha_aqui",
    "замените_на_случайную_строку",
    "请修改此密钥",
    "sk_live_xxx",
    "EDITME",
  ])("%j is one", value => expect(isPlaceholder(value)).toBe(true));

  it.each([
    "password",
    "admin123",
    "dev-secret-key",
    "s3cr3t",
    "true",
    "8000",
    "exchange",
    "interchange-in-2",
    "4f9a2c77d1e04b0f",
    "youth",
    "http://web:8000",
    "0x12ab",
    "knot-real-harbour",
    "dummyharbour7",
    "this-one-and-that",
    "mudarris-7",
    "aqui",
    "trocadero99",
    "xxx-harbour",
  ])("%j is none", value => expect(isPlaceholder(value)).toBe(false));
});

describe("isWeakSecret", () => {
  it.each([
    "password",
    "Password123",
    "secret",
    "admin",
    "admin123",
    "12345",
    "123456789",
    "root",
    "letmein",
    "dev-secret-key",
    "dev_password",
    "shop_password",
    "shopapp123",
    "harbour",
    "harbour2024",
    "adminpass1234",
    "shoppass12345",
    "postgres",
    "changeme",
    "super-secret-jwt-key",
    "P@ssw0rd",
    "s3cr3t",
    "p4ssw0rd!",
    "test",
    "a",
    "aaaaaaaa",
    "django-insecure-8x#k!q",
    "mysecretpassword",
    "qwerty123",
    "abc123",
    "1234-5678",
    "rootroot",
    "!!!",
  ])("%j is one", value => expect(isWeakSecret(value)).toBe(true));

  it.each([
    "",
    "4f9a2c77d1e04b0f9e3a",
    "kJx9Qm2LpZ7vT4wR",
    "q7Zb-1xKe-9TtA",
    "9b2fd1e8-3c64-4f0a-b6bb-5d0d1b8a7c11",
    "qhzkvmwptlrcxbnd",
    "${DB_PASSWORD}",
    "$DB_PASSWORD",
    "/run/secrets/db",
    "https://a.example/x",
    "correct-horse-battery-staple",
    "AKIAIOSFODNN7ABCDEFG",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "{secret}",
    "a sentence of several words",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB",
    "sk_live_51Hh2x9Kd82hfJs83",
    "x8dk2password9q7zj1m4",
  ])("%j is none", value => expect(isWeakSecret(value)).toBe(false));

  it("random text is not weak", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const random = fc
      .array(fc.constantFrom(...alphabet), { minLength: 24, maxLength: 48 })
      .map(chars => chars.join(""));
    fc.assert(
      fc.property(random, value => !isWeakSecret(value)),
      { seed: 7, numRuns: 2_000 },
    );
    const hex = fc
      .array(fc.constantFrom(..."0123456789abcdef"), { minLength: 32, maxLength: 64 })
      .map(chars => chars.join(""));
    fc.assert(
      fc.property(hex, value => !isWeakSecret(value)),
      { seed: 7, numRuns: 2_000 },
    );
  });
});

describe("credentialsInUrl", () => {
  it.each([
    ["postgres://app:hunter2@db:5432/app", "app", "hunter2"],
    ["redis://:s3@cache:6379/0", "", "s3"],
    ["postgresql+asyncpg://u:p@ss@db/x", "u", "p@ss"],
    ["amqp://${USER:-guest}:guest@mq", "${USER:-guest}", "guest"],
    ["url: mongodb://root:toor@db", "root", "toor"],
    ["x://u:a${B}@h", "u", "a${B}"],
  ])("finds them in %s", (value, user, password) => {
    const found = credentialsInUrl(value);
    expect(found).toMatchObject({ user, password });
    expect(value.slice(found?.span.start, found?.span.end)).toBe(password);
  });

  it.each([
    "",
    "http://web:8000/x",
    "http://web:8000/@x",
    "postgres://app@db:5432/x",
    "postgres://${U}:${P}@db/x",
    "postgres://app:${P:-x:y@z}@db",
    "postgres://u:$P@db",
    "x://u:{pw}@h",
    "x://u:%s@h",
    "x://u:%(pw)s@h",
    "user:pass@host",
    "mailto:a@b",
    "x://u:@h",
    "https://a.example:8080,https://b@c",
  ])("finds none in %s", value => expect(credentialsInUrl(value)).toBeUndefined());

  it("never throws and points inside", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."a:/@${}%s ?".split("")), maxLength: 40 }), value => {
        const found = credentialsInUrl(value);
        if (found) expect(value.slice(found.span.start, found.span.end)).toBe(found.password);
        isSecretName(value);
        isPlaceholder(value);
        isWeakSecret(value);
      }),
    );
    const started = process.cpuUsage();
    for (const unit of ["a", "a://", "${", ":@", "x-"])
      for (const judge of [credentialsInUrl, isPlaceholder, isWeakSecret, isSecretName])
        judge(unit.repeat(20_000));
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(20_000);
  });
});

describe("isWebhook", () => {
  it("takes addresses with their secret part, and none that only shows the form", () => {
    const slack = [
      "https://hooks.slack.com/services",
      "T8XKQ2M4P",
      "B9LW3RT7Z",
      "q8ZrT4mWk2LxVb7NcP5dYhGs",
    ].join("/");
    expect(isWebhook(slack)).toBe(true);
    expect(isWebhook("https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX")).toBe(
      false,
    );
    expect(isWebhook("https://hooks.slack.com/services/your/webhook/url")).toBe(false);
    expect(isWebhook("https://shop.example.org/webhooks/orders")).toBe(false);
  });
});

it("takes one letter three times, and Pusher's public key, for no secrets", () => {
  expect(isPlaceholder("ZZZ")).toBe(true);
  expect(isPlaceholder("ZZ7")).toBe(false);
  expect(isSecretName("PUSHER_APP_KEY")).toBe(false);
  expect(isSecretName("PUSHER_APP_SECRET")).toBe(true);
});
