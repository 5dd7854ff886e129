/** As much of the platform's `fetch` as SDKs use. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>
