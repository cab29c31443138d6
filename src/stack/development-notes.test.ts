import { describe, expect, it } from "vitest";
import { headerNote, readmeNote } from "./development-notes.ts";

const source = (path: string, text: string) => ({ path, text });
const compose = "services:\n  web:\n    build: .\n";

describe("the comment above a Compose file", () => {
  it.each([
    "# Docker Compose for local development",
    "# This configuration file is for the **development** setup.\n# For a production example see another repository.",
    "# =====\n# Development environment\n# =====",
    "version: '3.8'\n\n# Not intended for production",
    "# Entorno de desarrollo",
    "# NOTE: This docker-compose is not used for building the\n#       releases, it is a compose file for local development purposes.",
    "# Test environment with a login of its own. See README for instructions.\n# This should NEVER be used in production scenarios.",
  ])("says development: %s", comment => {
    expect(headerNote(source("compose.yml", `${comment}\n${compose}`))).toBeDefined();
  });

  it.each([
    "# For local development use docker-compose.dev.yml",
    "# Do not use the default passwords in production.",
    "# For local development and production",
    "# Development: docker compose up; production: add -f compose.prod.yml",
    "# The stack of the server",
    "",
  ])("says nothing of it: %s", comment => {
    expect(headerNote(source("compose.yml", `${comment}\n${compose}`))).toBeUndefined();
  });

  it("does not look below the first key", () => {
    expect(headerNote(source("compose.yml", `${compose}# for local development\n`))).toBeUndefined();
  });
});

describe("the README", () => {
  const note = (text: string) =>
    readmeNote("deploy/docker-compose.yml", path => (path === "README.md" ? source(path, text) : undefined));

  it("says that the repository is not for production", () => {
    const said = note(
      "# Harbour\n\n*Keep in mind that this repository is for local development only and is not meant to be deployed in any production environment!* Try it.",
    );
    expect(said?.text).toBe("README.md says that it is not for production");
    expect(said?.at.span.start).toBeGreaterThan(10);
  });

  it("has nothing for production", () => {
    const page =
      "# Harbour\n\nNOTE: At this time, we do not have production-ready Docker images for Harbour.\nThat said, we do have quick-start Docker Compose scripts for development or testing purposes.";
    const said = (file: string) =>
      readmeNote(file, path => (path === "README.md" ? source(path, page) : undefined));
    expect(said("compose.yml")).toBeDefined();
    expect(note("Production-ready images of Harbour are published.")).toBeUndefined();
    expect(note("Compose scripts for development or testing purposes, and for production.")).toBeUndefined();
  });

  it("shouts", () => {
    const page =
      "***\n:warning: **THESE IMAGES ARE NOT PRODUCTION READY**  The below Docker Compose images were built for tests.\n***";
    const said = (at: string) =>
      readmeNote("compose/compose.yml", path => (path === at ? source(path, page) : undefined));
    expect(said("compose/README.md")).toBeDefined();
    expect(said("README.md")).toBeUndefined();
  });

  it("speaks of the files beside it", () => {
    const page =
      "# Files\n\nThese files can be used to try it. They are not designed to be production instances.";
    const said = (file: string, at: string) =>
      readmeNote(file, path => (path === at ? source(path, page) : undefined));
    expect(said("compose/compose.small.yml", "compose/README.md")).toBeDefined();
    expect(said("compose/compose.small.yml", "README.md")).toBeUndefined();
  });

  it("says so of all that it is on", () => {
    const page =
      "# Harbour\n\nA minimal example.\n\nThis is **not** intended for serious production usage, but for the curious.";
    expect(note(page)).toBeDefined();
    expect(note("This is not recommended for production without a proxy before it.")).toBeUndefined();
    expect(note("This repository contains the minimum viable local setup for our services.")).toBeDefined();
    expect(note("This repository contains a local setup, and the one of production.")).toBeUndefined();
  });

  it("lies in the folder of the pages, where the root has none", () => {
    const page = "# Harbour\n\nThis repository provides a local environment of its services.";
    const said = (file: string, other?: string) =>
      readmeNote(file, path =>
        path === "docs/README.md"
          ? source(path, page)
          : path === other
            ? source(path, "# Harbour")
            : undefined,
      );
    expect(said("docker-compose.yml")).toBeDefined();
    expect(said("docker-compose.yml", "README.md")).toBeUndefined();
  });

  it("leaves it to the page on Docker", () => {
    const page =
      "# Docker\n\n> **Note:** This Docker setup is for **development only**. For production there is another repository.";
    const said = (file: string) =>
      readmeNote(file, path => (path === "docs/docker.md" ? source(path, page) : undefined));
    expect(said("docker-compose.yml")?.text).toBe("docs/docker.md says that it is not for production");
    expect(said("deploy/docker-compose.yml")).toBeUndefined();
  });

  it("says so of this file, by its name", () => {
    expect(
      note("**Important:** This `docker-compose.yml` is _not_ intended for production use."),
    ).toBeDefined();
  });

  it("says that the repository is for a trial", () => {
    expect(note("This repo is meant for a quick POC that can be run on a laptop.")).toBeDefined();
    expect(note("The repository is intended as a proof of concept.")).toBeDefined();
  });

  it("has Docker as the local way, and a platform for production", () => {
    const headings =
      "## Run\n\n### Using Docker (local)\n\ndocker compose up\n\n### Using Railway (production)\n";
    expect(note(headings)?.text).toBe("README.md says that it is not for production");
    expect(note(headings.replace("Railway", "our server"))).toBeUndefined();
    expect(note(`${headings}\n\nThen run docker compose up -d there.\n`)).toBeUndefined();
    expect(note(`${headings}\n## Docker in production\n`)).toBeUndefined();
  });

  it.each([
    "This repository is meant for demos and for production.",
    "The fastest way is the demo. This setup is intended for evaluation.",
    "The stack is meant for teams that want a demo of their own.",
    "This project is ready for production.",
    "The default password is not meant for production.",
    "`docker-compose.dev.yml` is not for production; this stack is.",
    "Do not use SQLite in production.",
  ])("says nothing of it: %s", text => {
    expect(note(text)).toBeUndefined();
  });
});
