"""The privileges and the built-in roles of Proxmox VE 9 (from its user manual, chapter User Management)."""

from __future__ import annotations

from collections.abc import Mapping

_VM_CONFIG = frozenset(f"VM.Config.{part}" for part in ("CDROM", "CPU", "Cloudinit", "Disk", "HWType", "Memory", "Network", "Options"))
_VM_AGENT = frozenset(f"VM.GuestAgent.{part}" for part in ("Audit", "FileRead", "FileSystemMgmt", "FileWrite", "Unrestricted"))
_VM_USER = (_VM_AGENT - frozenset({"VM.GuestAgent.Unrestricted"})) | frozenset(
    {"VM.Audit", "VM.Backup", "VM.Config.CDROM", "VM.Config.Cloudinit", "VM.Console", "VM.PowerMgmt"}
)
_VM_ADMIN = (
    _VM_USER
    | _VM_CONFIG
    | _VM_AGENT
    | frozenset({"VM.Allocate", "VM.Clone", "VM.Migrate", "VM.Replicate", "VM.Snapshot", "VM.Snapshot.Rollback"})
)
_DATASTORE = frozenset(f"Datastore.{part}" for part in ("Allocate", "AllocateSpace", "AllocateTemplate", "Audit"))
_SYS = frozenset(f"Sys.{part}" for part in ("AccessNetwork", "Audit", "Console", "Incoming", "Modify", "PowerMgmt", "Syslog"))
_SDN = frozenset({"SDN.Allocate", "SDN.Audit", "SDN.Use"})
_MAPPING = frozenset({"Mapping.Audit", "Mapping.Modify", "Mapping.Use"})
_ACCESS = frozenset({"Group.Allocate", "Permissions.Modify", "Realm.Allocate", "Realm.AllocateUser", "User.Modify"})
_POOL = frozenset({"Pool.Allocate", "Pool.Audit"})

ALL_PRIVILEGES = _VM_ADMIN | _DATASTORE | _SYS | _SDN | _MAPPING | _ACCESS | _POOL

BUILT_IN: Mapping[str, frozenset[str]] = {
    "Administrator": ALL_PRIVILEGES,
    "NoAccess": frozenset(),
    "PVEAdmin": ALL_PRIVILEGES
    - frozenset(
        {"Mapping.Modify", "Permissions.Modify", "Realm.Allocate", "Sys.AccessNetwork", "Sys.Incoming", "Sys.Modify", "Sys.PowerMgmt"}
    ),
    "PVEAuditor": frozenset(
        {"Datastore.Audit", "Mapping.Audit", "Pool.Audit", "SDN.Audit", "Sys.Audit", "VM.Audit", "VM.GuestAgent.Audit"}
    ),
    "PVEDatastoreAdmin": _DATASTORE,
    "PVEDatastoreUser": frozenset({"Datastore.AllocateSpace", "Datastore.Audit"}),
    "PVEMappingAdmin": _MAPPING,
    "PVEMappingUser": frozenset({"Mapping.Audit", "Mapping.Use"}),
    "PVEPoolAdmin": _POOL,
    "PVEPoolUser": frozenset({"Pool.Audit"}),
    "PVESDNAdmin": _SDN,
    "PVESDNUser": frozenset({"SDN.Audit", "SDN.Use"}),
    "PVESysAdmin": frozenset({"Sys.Audit", "Sys.Console", "Sys.Syslog"}),
    "PVETemplateUser": frozenset({"VM.Audit", "VM.Clone"}),
    "PVEUserAdmin": frozenset({"Group.Allocate", "Realm.AllocateUser", "User.Modify"}),
    "PVEVMAdmin": _VM_ADMIN,
    "PVEVMUser": _VM_USER,
}
