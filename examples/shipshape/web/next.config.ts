import type { NextConfig } from "next";

const config: NextConfig = {
  // The image gets the server and the modules that it really uses, nothing else.
  output: "standalone",
  poweredByHeader: false,
};

export default config;
