import { describe, expect, it } from "vitest";
import { parseCompose, parseWords, splitImage, wordsOfOptions } from "./docker-words.ts";
import { ownNames } from "./own-names.ts";

describe("command lines for docker", () => {
  it("takes the options of Compose from those of its subcommand", () => {
    expect(
      parseCompose(
        "-f a.yml --file=b.yml --env-file .env.prod -p shop --ansi never up -d --build web".split(" "),
      ),
    ).toEqual({
      ...{ files: ["a.yml", "b.yml"], envFiles: [".env.prod"], profiles: [], project: "shop" },
      ...{ subcommand: "up", rest: ["-d", "--build", "web"] },
    });
    expect(parseCompose([])).toMatchObject({ subcommand: "", rest: [] });
  });

  it("leaves to a program in a container what is the program's", () => {
    const { options, operands } = parseWords(
      "exec",
      "-T -e A=1 --user=www db pg_dump -U shop -t x".split(" "),
    );
    expect(options).toEqual([{ name: "-T" }, { name: "-e", value: "A=1" }, { name: "--user", value: "www" }]);
    expect(operands).toEqual(["db", "pg_dump", "-U", "shop", "-t", "x"]);
    expect(wordsOfOptions(options)).toEqual(["-T", "-e", "A=1", "--user=www"]);
  });

  it("finds options behind operands where no program follows", () => {
    expect(parseWords("up", ["web", "-d", "--scale", "web=2"])).toEqual({
      ...{ options: [{ name: "-d" }, { name: "--scale", value: "web=2" }], operands: ["web"] },
    });
  });

  it("tells a tag from the port of a registry", () => {
    expect(splitImage("registry.lan:5000/shop/web")).toEqual({
      ...{ repository: "registry.lan:5000/shop/web", tag: "latest" },
    });
    expect(splitImage("shop/web:1.2")).toEqual({ repository: "shop/web", tag: "1.2" });
  });
});

describe("the user's names in a lab", () => {
  const names = ownNames("shipworthy-lab-a1", [{ source: "/labs/a1/project", target: "/srv/shop" }]);
  names.learn(
    {
      name: "shop",
      services: {
        web: { image: "shop/web:7", build: {}, container_name: "front" },
        db: { image: "postgres:16" },
      },
      volumes: { data: { name: "shop_data" } },
    },
    { services: { web: { image: "shipworthy-lab/a1-web:lab" }, db: { image: "postgres:16" } } },
  );

  it("has images of its own for what is built, under every tag", () => {
    expect(names.image("shop/web:7")).toBe("shipworthy-lab/a1-web:lab");
    expect(names.image("shop/web:8")).toBe("shipworthy-lab/a1-web:8");
    expect(names.image("postgres:16")).toBeUndefined();
  });

  it("has volumes of its own, and knows no others", () => {
    expect(names.volume("shop_data")).toBe("shipworthy-lab-a1_data");
    expect(names.volume("other_data")).toBeUndefined();
  });

  it("says them as the user would", () => {
    expect(names.toUser("shipworthy-lab-a1-web-1 and shipworthy-lab-a1-db-1 of /labs/a1/project/x")).toBe(
      "front and shop-db-1 of /srv/shop/x",
    );
  });
});
