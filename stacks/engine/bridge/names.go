package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const (
	prefix       = "proxmox_"
	legacyPrefix = "proxmox_virtual_environment_"
	legacySuffix = "Legacy"
)

// otherIDs names the input `id` of the resources where the published package does not say resourceId.
var otherIDs = map[string]string{"proxmox_sdn_controller_evpn": "sdnControllerEvpnId"}

// nameEverything gives each resource and data source its Pulumi token by rule: without the prefix,
// the last word is the name, the words before it are the module, none is `index`.
func nameEverything(info *tfbridge.ProviderInfo) {
	info.P.ResourcesMap().Range(func(key string, value shim.Resource) bool {
		module, name := split(key)
		entry := &tfbridge.ResourceInfo{Tok: tfbridge.MakeResource(pkg, module, name)}
		renameID(key, value, entry)
		info.Resources[key] = entry

		return true
	})

	info.P.DataSourcesMap().Range(func(key string, _ shim.Resource) bool {
		module, name := split(key)
		info.DataSources[key] = &tfbridge.DataSourceInfo{Tok: tfbridge.MakeDataSource(pkg, module, "get"+name)}

		return true
	})
}

// split returns the module and the name of a Terraform type.
func split(key string) (string, string) {
	short, legacy := strings.CutPrefix(key, legacyPrefix)
	if !legacy {
		short = strings.TrimPrefix(key, prefix)
	}

	words := strings.Split(short, "_")
	last := len(words) - 1

	name := strings.ToUpper(words[last][:1]) + words[last][1:]
	if legacy {
		name += legacySuffix
	}

	module := strings.Join(words[:last], "/")
	if module == "" {
		module = "index"
	}

	return module, name
}

// renameID moves an `id` that a person writes out of the way of Pulumi's own id, and makes every id a text.
func renameID(key string, value shim.Resource, entry *tfbridge.ResourceInfo) {
	id, found := value.Schema().GetOk("id")
	if !found {
		return
	}

	field := &tfbridge.SchemaInfo{}

	if id.Type() != shim.TypeString {
		field.Type = "string"
		entry.Fields = map[string]*tfbridge.SchemaInfo{"id": field}
	}

	if !id.Required() && !id.Optional() {
		return
	}

	field.Name = "resourceId"
	if other, ok := otherIDs[key]; ok {
		field.Name = other
	}

	entry.Fields = map[string]*tfbridge.SchemaInfo{"id": field}
	entry.ComputeID = readID(resource.PropertyKey(field.Name))
}

// readID returns what reads a resource's id from one of its properties, a text or a number, secret or not.
func readID(key resource.PropertyKey) tfbridge.ComputeID {
	return func(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
		value := state[key]
		for value.IsSecret() || value.IsOutput() {
			if value.IsSecret() {
				value = value.SecretValue().Element
			} else {
				value = value.OutputValue().Element
			}
		}

		switch {
		case value.IsString() && value.StringValue() != "":
			return resource.ID(value.StringValue()), nil
		case value.IsNumber():
			return resource.ID(fmt.Sprintf("%.0f", value.NumberValue())), nil
		default:
			return "", fmt.Errorf("the property %s holds no id: %v", key, value)
		}
	}
}
