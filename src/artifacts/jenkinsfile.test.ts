import fc from "fast-check";
import { expect, test } from "vitest";
import { jenkinsfile } from "./jenkinsfile.ts";

const parse = (text: string) => jenkinsfile.parse({ path: "Jenkinsfile", text }).model.stages;
const commands = (text: string) =>
  parse(text).map(({ name, calls }) => [
    name.value,
    ...calls.map(
      call => `${call.remote ? "@" : ""}${call.kind} ${call.args.map(arg => arg.value ?? "?").join(" ")}`,
    ),
  ]);

test("stages with their shell steps, in every way to quote", () => {
  const text = `pipeline {
  agent any
  environment {
    IMAGE = 'harbour/web'
  }
  stages {
    stage('Build') {
      steps {
        // sh 'docker build .'
        sh 'docker build -t harbour/web .'
        sh(script: "docker push \${IMAGE}:\${env.BUILD_NUMBER}", returnStdout: true)
      }
    }
    stage("Deploy to harbour") {
      steps {
        sh '''
          docker compose pull
          docker compose up -d
        '''
        sshagent(['key']) {
          sh """
            ssh -o StrictHostKeyChecking=no harbour "cd /srv && docker compose up -d --build"
          """
        }
        echo 'see https://harbour.example.org'
        sshCommand remote: remote, command: 'docker compose restart'
      }
    }
  }
}
`;
  expect(commands(text)).toEqual([
    ["Build", "docker-build build -t harbour/web .", "docker push ?"],
    [
      "Deploy to harbour",
      "compose pull",
      "compose up -d",
      "ssh -o StrictHostKeyChecking=no harbour cd /srv && docker compose up -d --build",
      "@tool /srv",
      "@compose up -d --build",
      "@compose restart",
    ],
  ]);
  const [pull] = parse(text)[1]!.calls;
  expect(text.slice(pull!.at.span.start)).toMatch(/^docker compose pull/);
});

test("a stage that changes its directory runs somewhere unknown from there on", () => {
  const text = `stage('Build') { sh 'npm ci' ; dir('web') { sh 'npm run build' } } stage('Deploy') { sh 'make up' }`;
  expect(parse(text).map(({ calls }) => calls.map(({ cwd }) => cwd))).toEqual([["", undefined], [""]]);
});

test("escapes are taken off before the shell reads", () => {
  const [stage] = parse('stage("Deploy") { sh "docker run -d \\"$NAME\\" \\$HOME" }');
  expect(stage!.calls[0]!.command.words.map(word => word.text)).toEqual([
    "docker",
    "run",
    "-d",
    '"$NAME"',
    "$HOME",
  ]);
});

test("which files are read", () => {
  const names = [
    "Jenkinsfile",
    "ci/Jenkinsfile.prod",
    "Jenkinsfile-deploy",
    "deploy.jenkinsfile",
    "Jenkinsfiles",
  ];
  expect(names.filter(jenkinsfile.recognises)).toEqual(names.slice(0, 4));
});

test("anything is read without an error", () => {
  const piece = fc.constantFrom(
    "stage(",
    "'",
    '"',
    "'''",
    '"""',
    "sh ",
    "\\",
    "\n",
    "{",
    "}",
    "$",
    "//",
    "/*",
    "*/",
    "docker ",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 60 }), pieces => {
      expect(jenkinsfile.parse({ path: "Jenkinsfile", text: pieces.join("") }).problems).toEqual([]);
    }),
  );
});
