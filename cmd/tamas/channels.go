package main

import (
	"tamas/channels"
	"tamas/channels/api"
	"tamas/channels/email"
	"tamas/channels/sms"
	"tamas/channels/telegram"
	"tamas/channels/webchat"
)

// kinds are the ways in which customers can write. A new one is a folder below channels and a line here.
func kinds() []channels.Kind {
	return []channels.Kind{
		webchat.Kind(),
		telegram.Kind(),
		email.Kind(),
		sms.Kind(),
		api.Kind(),
	}
}
