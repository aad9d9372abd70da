package config

import "time"

// Systems are the foreign systems; every address is loopback by default, where the simulators listen.
type Systems struct {
	Epermit      Epermit      `yaml:"epermit"`
	Registration Gateway      `yaml:"registration"`
	DataPlatform DataPlatform `yaml:"dataplatform"`
	SMS          SMS          `yaml:"sms"`
	Archive      Archive      `yaml:"archive"`
}

// Gateway is one interface behind the provincial gateway.
type Gateway struct {
	// BaseURL without credentials and query; empty means the simulator's address.
	BaseURL   string `yaml:"base_url"`
	AccessKey string `yaml:"access_key"`
	Secret    Secret `yaml:"secret"`
	// Timeout of one call; zero means 10s.
	Timeout time.Duration `yaml:"timeout"`
}

// Epermit is the provincial electronic residence-permit platform.
type Epermit struct {
	// BaseURL without credentials and query; empty means the simulator's address.
	BaseURL   string `yaml:"base_url"`
	AccessKey string `yaml:"access_key"`
	Secret    Secret `yaml:"secret"`
	// Timeout of one call; zero means 10s.
	Timeout time.Duration `yaml:"timeout"`
	// LicenceType (21 characters) and LicenceIssuer (18, social credit code) are what licence identifiers must carry
	// (GB/T 36904); empty means not compared.
	LicenceType   string `yaml:"licence_type"`
	LicenceIssuer string `yaml:"licence_issuer"`
	// BusyCodes are the platform's codes that mean "not now"; empty means SYSTEM_BUSY.
	BusyCodes []string `yaml:"busy_codes"`
}

// DataPlatform is the province's case library (办件库) behind the gateway.
type DataPlatform struct {
	// BaseURL without credentials and query; empty means the simulator's address.
	BaseURL   string `yaml:"base_url"`
	AccessKey string `yaml:"access_key"`
	Secret    Secret `yaml:"secret"`
	// Timeout of one call; zero means 10s.
	Timeout time.Duration `yaml:"timeout"`
	// MappingFile says which column takes which value; empty means the mapping built in.
	MappingFile string `yaml:"mapping_file" path:"file"`
}

// Modes of the SMS gateway.
const (
	SMSFree     = "free"
	SMSTemplate = "template"
)

// SMS is the 云MAS gateway and its receipts.
type SMS struct {
	// BaseURL without credentials and query; empty means the simulator's address.
	BaseURL string `yaml:"base_url"`
	// PrivateLine says that plain http to a host that is not loopback runs on a private line: the secret travels in the body.
	PrivateLine bool   `yaml:"private_line"`
	ECName      string `yaml:"ec_name"`
	APID        string `yaml:"ap_id"`
	Secret      Secret `yaml:"secret"`
	// SignCode is the gateway's code of the signature.
	SignCode string `yaml:"sign_code"`
	// AddSerial extends the sender's number; empty means none.
	AddSerial string `yaml:"add_serial"`
	// Signature is the text inside 【】, counted into the length; empty means 海盐公安.
	Signature string `yaml:"signature"`
	// Mode is "free" (norsubmit) or "template" (tmpsubmit); empty means free.
	Mode string `yaml:"mode"`
	// MaxSegments is how many pieces a text may need; zero means 10.
	MaxSegments int `yaml:"max_segments"`
	// Templates are the gateway's template ids by notice and version ("N1@2", or "N1" for every other version), for mode template.
	Templates map[string]string `yaml:"templates"`
	// Timeout of one call; zero means 10s. A call that exceeds it may have sent the notice.
	Timeout time.Duration `yaml:"timeout"`
	// ReceiptListen is where the gateway pushes receipts, host:port; empty means 127.0.0.1:8082.
	ReceiptListen string `yaml:"receipt_listen"`
	// ReceiptToken is the last element of the path that receipts are pushed to, at least 16 characters; the gateway signs
	// nothing, so this or ReceiptFrom is needed.
	ReceiptToken Secret `yaml:"receipt_token"`
	// ReceiptFrom lists the networks (CIDR) that receipts may come from; empty means any.
	ReceiptFrom []string `yaml:"receipt_from"`
}

// Archive is where dossiers are filed.
type Archive struct {
	// Dir is the folder; empty means "archive" beside the configuration file.
	Dir string `yaml:"dir" path:"dir"`
	// Create makes the folder where it is missing. Leave it false for a mount, which must be an outage while it is away. Profile
	// local always creates.
	Create bool `yaml:"create"`
}

// Simulate is where `permithub simulate` plays the foreign systems; the signing keys are those of systems.
type Simulate struct {
	// Listen addresses, host:port each; empty means 127.0.0.1 and the ports 8731 to 8734 in this order.
	Epermit      string `yaml:"epermit"`
	DataPlatform string `yaml:"dataplatform"`
	Registration string `yaml:"registration"`
	SMS          string `yaml:"sms"`
	// ReceiptURL is where the simulated gateway pushes receipts, without the token; empty means systems.sms.receipt_listen.
	ReceiptURL string `yaml:"receipt_url"`
	// LedgerDir keeps each simulator's ledger in a file, so that the simulated systems outlive the process; empty means in memory.
	LedgerDir string `yaml:"ledger_dir" path:"dir"`
	// Seed of what the simulators make up; zero is a seed like any other.
	Seed int64 `yaml:"seed"`
}
