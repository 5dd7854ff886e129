/** The environment by which the known SDKs and command lines are told another base URL. */

/** `base` is the address of a server without a path; `versioned` the same with what chat and Responses clients expect behind it (`/v1`). */
export function clientEnv(base: string, versioned = `${base}/v1`): Readonly<Record<string, string>> {
  return {
    ANTHROPIC_BASE_URL: base,
    OPENAI_BASE_URL: versioned,
    OPENAI_API_BASE: versioned,
    KIMI_BASE_URL: versioned,
    KIMI_MODEL_BASE_URL: versioned,
    MOONSHOT_BASE_URL: versioned,
    GOOGLE_GEMINI_BASE_URL: base,
    GEMINI_BASE_URL: base,
    MISTRAL_SERVER_URL: base,
    CO_API_URL: base,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: base,
    OLLAMA_HOST: base,
  }
}
