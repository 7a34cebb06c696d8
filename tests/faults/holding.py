"""Who does the work at the moment: the replica that holds an order's partition."""

from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.partitioner import murmur2

from o2c.stack.up import Stack

PARTITIONS: Final = 12


def partition_of(key: str) -> int:
    """Where Kafka puts the messages of this key."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS)


async def replica_at_work(stack: Stack, service: str, order: str) -> str:
    """The replica that consumes what comes for this order: partition n of every topic is with the same one (K8)."""
    wanted = TopicPartition(f"o2c.{service}.commands.v1", partition_of(order))
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups([f"{service}.v1"])
    finally:
        await admin.close()
    for member in answer.groups[0][5]:
        client, raw = member[-4], member[-1]
        if raw and wanted in ConsumerProtocolMemberAssignment.decode(raw).partitions():
            return str(client)
    raise LookupError(f"nobody in {service} has {wanted}")
