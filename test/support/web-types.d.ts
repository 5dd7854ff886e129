/** Types of the web that the declarations of an SDK name, and that Node's own do not have. */
type RequestInfo = string | URL | Request
type HeadersInit = ConstructorParameters<typeof Headers>[0]
interface ErrorEvent extends Event {
  readonly message: string
}
interface CloseEvent extends Event {
  readonly code: number
}
