export const en = {
  'app.name': 'Tamas',
  'app.tagline': 'Every customer, every channel, one inbox.',

  'time.today': 'Today',
  'time.yesterday': 'Yesterday',
  'time.now': 'just now',
  'time.ago': '{span} ago',
  'time.s': '{n}s',
  'time.m': '{n}m',
  'time.h': '{n}h',
  'time.hm': '{h}h {m}m',
  'time.d': '{n}d',

  'signin.title': 'Sign in',
  'signin.email': 'Email',
  'signin.password': 'Password',
  'signin.submit': 'Sign in',
  'signin.needed': 'This hub has no administrator yet. Open the one-time link that it printed when it started.',
  'signin.ended': 'Your session has ended. Sign in to go on; what you typed is kept.',

  'setup.title': 'Set up your hub',
  'setup.lead': 'You are the first here. This creates the first administrator; everything can be changed later.',
  'setup.firm': 'Firm',
  'setup.firm.hint': 'Customers see this name when you write to them.',
  'setup.name': 'Your name',
  'setup.submit': 'Create and begin',
  'setup.password.hint': 'At least 10 characters. A short sentence is easy to remember.',
  'setup.done': 'This hub is set up already.',
  'setup.token': 'The one-time link is incomplete. Open it again exactly as the hub printed it.',

  'nav.inbox': 'Inbox',
  'nav.supervisor': 'Supervisor',
  'nav.settings': 'Settings',
  'nav.search': 'Search',
  'nav.signout': 'Sign out',
  'nav.profile': 'Profile',

  'problem.unreachable': 'The server cannot be reached. Check the connection and try again.',
  'problem.not_recorded': 'The record cannot be written just now. Nothing was lost; try again in a moment.',
  'problem.slow_down': 'Too many attempts. Wait a moment and try again.',
  'problem.forbidden': 'You do not have the right to do this.',
  'problem.not_yours': 'This conversation is not yours.',
  'problem.not_found': 'This is no longer there.',
  'problem.over_capacity': 'That would be more than the agent’s capacity.',
  'problem.conflict': 'Somebody was faster. What you see now is the newest.',
  'problem.too_large': 'That is too large.',
  'problem.internal': 'Something went wrong on the server.',
  'problem.bad_credentials': 'Email or password is wrong.',
}

export type Key = keyof typeof en
export type Messages = Record<Key, string>
