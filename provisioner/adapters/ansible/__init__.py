"""Ansible: what runs inside the guests.

prepare(...)  makes certificates and programs ready and returns the inventory
inputs(...)   returns the hash of all that decides what a guest becomes
converge(...) runs the playbook against some guests
"""

from provisioner.adapters.ansible.inputs import inputs
from provisioner.adapters.ansible.prepare import prepare
from provisioner.adapters.ansible.run import Event, HostResult, Outcome, converge, raise_unconverged

__all__ = ["Event", "HostResult", "Outcome", "converge", "inputs", "prepare", "raise_unconverged"]
