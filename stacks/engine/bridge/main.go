// Command pulumi-resource-proxmoxve is bpg's Proxmox provider as a Pulumi plugin.
//
// Called as `schema --out DIR --skip-docs --skip-examples` it writes the package's schema
// instead; the tests compare that with the published Python package.
package main

import (
	"context"
	"os"

	"github.com/bpg/terraform-provider-proxmox/fwprovider"
	"github.com/bpg/terraform-provider-proxmox/proxmoxtf/provider"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	pftfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	pftfgen "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/x/muxer"
	"github.com/pulumi/pulumi-terraform-bridge/v3/unstable/metadata"
)

const (
	pkg             = "proxmoxve"
	version         = "8.6.0"   // of the Python package that programs import
	providerVersion = "0.112.0" // of bpg's provider, as in go.mod

	longestName = 255 // characters, for names that Pulumi makes up
)

// resolver is what the bridge's muxed shim offers beside its public interface.
type resolver interface {
	ResolveDispatch(*tfbridge.ProviderInfo) (muxer.DispatchTable, error)
}

func main() {
	ctx := context.Background()
	info := providerInfo(ctx)

	if len(os.Args) > 1 && os.Args[1] == "schema" {
		pftfgen.MainWithMuxer(pkg, info)
		return
	}

	if err := makeMuxTable(&info); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}

	pftfbridge.MainWithMuxer(ctx, pkg, info, []byte(`{"name":"`+pkg+`"}`))
}

// providerInfo describes the whole package.
func providerInfo(ctx context.Context) tfbridge.ProviderInfo {
	old := provider.ProxmoxVirtualEnvironment()
	dropSpeedDefault(old)

	info := tfbridge.ProviderInfo{
		P:                       pftfbridge.MuxShimWithPF(ctx, shimv2.NewProvider(old), fwprovider.New(providerVersion)()),
		Name:                    pkg,
		ResourcePrefix:          "proxmox",
		GitHubOrg:               "bpg",
		Version:                 version,
		TFProviderVersion:       providerVersion,
		TFProviderModuleVersion: "",
		MetadataInfo:            tfbridge.NewProviderMetadata([]byte("{}")),
		Resources:               map[string]*tfbridge.ResourceInfo{},
		DataSources:             map[string]*tfbridge.DataSourceInfo{},
	}

	nameEverything(&info)
	info.SetAutonaming(longestName, "-")

	return info
}

// makeMuxTable decides at start which of the two providers serves which resource;
// published plugins read the same table from a file of several megabytes.
func makeMuxTable(info *tfbridge.ProviderInfo) error {
	table, err := info.P.(resolver).ResolveDispatch(info)
	if err != nil {
		return err
	}

	return metadata.Set(info.GetMetadata(), "mux", table)
}

// dropSpeedDefault removes the default of a guest's disk speed limits: the bridge writes it
// into the inputs, the provider never reads it back, and every run would update every guest.
func dropSpeedDefault(old *schema.Provider) {
	disk := old.ResourcesMap["proxmox_virtual_environment_vm"].Schema["disk"].Elem.(*schema.Resource)
	disk.Schema["speed"].DefaultFunc = nil
}
