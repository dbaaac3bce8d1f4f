// A handler of the service, loaded when the first message comes.
export const greet = (profile) => (profile === null ? 'Hello' : `Muraho ${profile.full_name}`)
