"""The platform event by which the Ejecutivo Comercial adds documents in Salesforce."""

import json
from typing import Any

from o2c.play.cast import Papers


def added_papers(papers: Papers) -> dict[str, Any]:
    """One document of each kind; its title stands in for its content."""
    documents = [
        {
            "Kind__c": kind,
            "Title": f"{kind}.pdf",
            "ContentDocumentId": f"0695g00000{papers.parent[-8:-4]}{index}",
            "VersionNumber": 1,
        }
        for index, kind in enumerate(papers.kinds)
    ]
    graph = {"schemaVersion": "1", "order": {"Id": papers.parent}, "documents": documents}
    return {
        "EventUuid": f"papers-{papers.parent}-{len(papers.kinds)}",
        "CreatedDate": 1795615401000,
        "OrderId__c": papers.parent,
        "Action__c": "DOCUMENTS_ADDED",
        "Payload__c": json.dumps(graph),
        "_ObjectType": "B2B_Order_Event__e",
    }
