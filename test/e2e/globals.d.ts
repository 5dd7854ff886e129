/** A name of the browser that the types of `ollama` use, and Node's own types do not have. */
type HeadersInit = ConstructorParameters<typeof Headers>[0]
