package redact

import "testing"

// What people really write, and what is left of it for others to read.
func TestWhatPeopleWrite(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// Cards, however they are written.
		{"6037 9975 9901 2342", "•••• 2342"},
		{"شماره کارتم ۶۰۳۷-۹۹۷۵-۹۹۰۱-۲۳۴۲ هست", "شماره کارتم •••• ۲۳۴۲ هست"},
		{"کارت:۶۰۳۷۹۹۷۵۹۹۰۱۲۳۴۲", "کارت:•••• ۲۳۴۲"},
		{"4111 1111 1111 1111 exp 12/27 cvv 123", "•••• 1111 exp 12/27 cvv ••••••"},
		{"4111111111111111 12/27 123", "•••• 1111 12/27 ••••••"},
		{"شماره کارت ۶۰۳۷۹۹۷۵۹۹۰۱۲۳۴۲ cvv2 ۴۵۶ رمز دوم ۷۸۹۰۱۲", "شماره کارت •••• ۲۳۴۲ cvv2 •••••• رمز دوم ••••••"},
		{"CVV: 321", "CVV: ••••••"},
		{"سی وی وی ۲ کارتم ۵۵۴ است", "سی وی وی ۲ کارتم •••••• است"},
		// What is no card.
		{"Order 20241122 0001 4478", "Order 20241122 0001 4478"},
		{"سفارش شماره ۱۴۰۳۰۸۲۲۱۲۳۴ نرسید", "سفارش شماره ۱۴۰۳۰۸۲۲۱۲۳۴ نرسید"},
		{"order #4000123412341234 did not arrive", "order #4000123412341234 did not arrive"},
		{"order number: 4111111111111111", "order number: 4111111111111111"},
		{"کد رهگیری مرسوله ۶۰۳۷۹۹۷۵۹۹۰۱۲۳۴۲", "کد رهگیری مرسوله ۶۰۳۷۹۹۷۵۹۹۰۱۲۳۴۲"},
		{"شبا IR06 0170 0000 0010 0324 2000 01", "شبا IR06 0170 0000 0010 0324 2000 01"},
		{"IR820540102680020817909002", "IR820540102680020817909002"},
		{"my IBAN is DE89 3704 0044 0532 0130 00", "my IBAN is DE89 3704 0044 0532 0130 00"},
		{"call +98 912 345 6789 or 0098 21 8888 7777", "call +98 912 345 6789 or 0098 21 8888 7777"},
		{"۰۹۱۲۳۴۵۶۷۸۹ ۰۲۱۸۸۸۸۷۷۷۷", "۰۹۱۲۳۴۵۶۷۸۹ ۰۲۱۸۸۸۸۷۷۷۷"},
		{"the order with card 4111111111111111", "the order with card •••• 1111"},
		{"سفارشم را با کارت ۶۰۳۷۹۹۷۵۹۹۰۱۲۳۴۲ دادم", "سفارشم را با کارت •••• ۲۳۴۲ دادم"},
		{"GB33BUKB20201555555555 NL91ABNA0417164300", "GB33BUKB20201555555555 NL91ABNA0417164300"},
		{"IMEI 356938035643809", "IMEI 356938035643809"},
		// National ids.
		{"کد ملی من ۰۰۸۴۵۷۵۹۴۸ است", "کد ملی من •••••• است"},
		{"کدملی: 0084575948", "کدملی: ••••••"},
		{"شماره ملی ۰۰۸-۴۵۷۵۹۴-۸", "شماره ملی ••••••"},
		{"my national id is 0084575948", "my national id is ••••••"},
		{"invoice 0084575948", "invoice 0084575948"},
		// Passwords.
		{"my password is: Tr0ub4dor&3 thanks", "my password is: •••••• thanks"},
		{"my password is hunter2", "my password is ••••••"},
		{"password: correct horse", "password: •••••• horse"},
		{"رمز عبورم Zahra@1370 است", "رمز عبورم •••••• است"},
		{"رمز عبورم زهرا۱۳۷۰ است", "رمز عبورم •••••• است"},
		{"رمز: ۱۲۳۴۵۶", "رمز: ••••••"},
		{"پسوردم این است: ali-123", "پسوردم این است: ••••••"},
		{"گذرواژه من Bahar1403!", "گذرواژه من ••••••!"},
		{"کد تایید ۵۸۲۱۹۳ را وارد کردم", "کد تایید •••••• را وارد کردم"},
		{"your verification code is 582193", "your verification code is ••••••"},
		{"the OTP 4821 did not work", "the OTP •••••• did not work"},
		{"PIN 1234", "PIN ••••••"},
		{"username ali password S3cret!", "username ali password ••••••!"},
		{"I forgot my password, please help", "I forgot my password, please help"},
		{"رمز عبورم را فراموش کرده‌ام", "رمز عبورم را فراموش کرده‌ام"},
		{"password reset link does not work since 3 days", "password reset link does not work since 3 days"},
		{"my password must have 8 characters?", "my password must have 8 characters?"},
		{"رمزم کار نمی‌کند", "رمزم کار نمی‌کند"},
		{"I changed my password 3 times in 2024", "I changed my password 3 times in 2024"},
		{"pin the message please", "pin the message please"},
		{"کد تخفیف NOROOZ1404 کار نمی‌کند", "کد تخفیف NOROOZ1404 کار نمی‌کند"},
	} {
		if got, _ := all.Text(c.text); got != c.want {
			t.Errorf("%s\n\tis   %s\n\tnot  %s", c.text, got, c.want)
		}
	}
}
