"""What people type is understood: in any order, in six languages, with slips, old names, cities and categories.

Of the shipped catalogue. What the sentence then says is tested with the front page; that the browser understands the
same, in `test_front_page_in_a_browser.py`.
"""

from __future__ import annotations

import pytest

from incidents.importers.catalogue_file.files import load_shipped
from incidents.importers.catalogue_file.shapes import RegionEntry, ServiceEntry
from incidents.texts.name_search import Named, telling
from statuspage.public.query.subjects import Askable, subjects, words_found

CATALOGUE = load_shipped()


def named(one: ServiceEntry | RegionEntry) -> Named:
    return Named("", one.slug, one.name, telling(one.name, one.aliases))


SERVICES = Askable(
    [named(one) for one in CATALOGUE.services],
    [
        (
            Named("", group.slug, group.name),
            [named(one) for one in CATALOGUE.services if one.category == group.slug],
        )
        for group in CATALOGUE.categories
    ],
)
REGIONS = Askable(
    [named(one) for one in CATALOGUE.regions],
    [
        (
            Named("", group.slug, group.name),
            [named(one) for one in CATALOGUE.regions if one.geography == group.slug],
        )
        for group in CATALOGUE.geographies
    ],
)
# What was typed -> what is spoken of; nothing where it names none for certain.
QUESTIONS = """
storage west europe -> Storage in West Europe
storage, west europe -> Storage in West Europe
west europe storage -> Storage in West Europe
europe west storage -> Storage in West Europe
storage europe west -> Storage in West Europe
storrage weu -> Storage in West Europe
weu -> West Europe
neu -> North Europe
eus2 -> East US 2
eastus2 -> East US 2
vm east us 2 -> Virtual Machines in East US 2
vms westeurope -> Virtual Machines in West Europe
keyvault -> Key Vault
key vault down in west europe? -> Key Vault in West Europe
is azure key vault down -> Key Vault
aks -> Azure Kubernetes Service (AKS)
k8s neu -> Azure Kubernetes Service (AKS) in North Europe
kubernetes frankfurt -> Azure Kubernetes Service (AKS) in Germany West Central
frankfurt -> Germany West Central
storage amsterdam -> Storage in West Europe
storage dublin -> Storage in North Europe
london -> UK South
tokyo -> Japan East
database -> Databases
sql -> SQL Database
sql database north europe -> SQL Database in North Europe
sql db weu -> SQL Database in West Europe
azure sql west europe -> SQL Database in West Europe
database west europe -> Databases in West Europe
cosmos -> Cosmos DB
cosmosdb japan east -> Cosmos DB in Japan East
blob storage weu -> Storage in West Europe
blob -> Storage
azure ad -> Microsoft Entra ID
aad -> Microsoft Entra ID
entra id -> Microsoft Entra ID
login -> Microsoft Entra ID
entra -> Microsoft Entra ID
arm -> Azure Resource Manager
resource manager east us -> Azure Resource Manager in East US
portal -> Azure Portal
azure portal down -> Azure Portal
app service west europe -> App Service in West Europe
webapp -> App Service
web app weu -> App Service in West Europe
functions east us -> Azure Functions in East US
lambda ->
redis -> Cache for Redis
apim -> API Management
api management uk south -> API Management in UK South
front door -> Front Door
afd -> Front Door
dns -> Azure DNS
vpn gateway france central -> VPN Gateway in France Central
service bus weu -> Service Bus in West Europe
eventhub -> Event Hubs
event hub west us -> Event Hubs in West US
openai sweden central -> Azure OpenAI Service in Sweden Central
chatgpt ->
openai -> Azure OpenAI Service
devops -> Azure DevOps
pipelines -> Azure DevOps
data factory north europe -> Data Factory in North Europe
adf -> Data Factory
synapse -> Synapse Analytics
power bi -> Power BI
powerbi west europe -> Power BI in West Europe
load balancer uk south -> Load Balancer in UK South
uk south -> UK South
uksouth -> UK South
south uk -> UK South
us east -> East US
us-east-1 ->
east us -> East US
germany -> Germany North, Germany West Central
europe -> Europe
west europe problems -> West Europe
virtual machine brazil -> Virtual Machines in Brazil South, Brazil Southeast
vm scale sets westus2 -> Virtual Machine Scale Sets in West US 2
vmss wus2 -> Virtual Machine Scale Sets in West US 2
aci canada central -> Container Instances in Canada Central
acr -> Azure Container Registry
log analytics -> Log Analytics
monitor -> Azure Monitor
app insights -> Application Insights
application insights weu -> Application Insights in West Europe
cognitive services -> Azure AI Services
postgres -> Database for PostgreSQL
postgresql weu -> Database for PostgreSQL in West Europe
mysql north europe -> Database for MySQL flexible servers in North Europe
managed disks -> Managed Disks
disk -> Managed Disks
vnet -> Virtual Network
firewall -> Azure Firewall
express route -> ExpressRoute
expressroute weu -> ExpressRoute in West Europe
Speicher Westeuropa -> Storage in West Europe
Ist Storage in Westeuropa gestört? -> Storage in West Europe
Datenbank Nordeuropa -> Databases in North Europe
Schlüsseltresor -> Key Vault
virtuelle Maschinen Westeuropa -> Virtual Machines in West Europe
Key Vault Frankreich Mitte -> Key Vault in France Central
Storage Ost USA -> Storage in East US
Storage Deutschland West Mitte -> Storage in Germany West Central
Speicher Schweiz Nord -> Storage in Switzerland North
Anmeldung -> Microsoft Entra ID
stockage europe ouest -> Storage in West Europe
stockage en Europe de l'Ouest -> Storage in West Europe
panne storage Europe Ouest -> Storage in West Europe
machines virtuelles france centre -> Virtual Machines in France Central
base de données europe du nord -> Databases in North Europe
coffre de clés -> Key Vault
almacenamiento Europa Oeste -> Storage in West Europe
almacenamiento europa occidental -> Storage in West Europe
máquinas virtuales españa central -> Virtual Machines in Spain Central
base de datos norte de europa -> Databases in North Europe
¿está caído key vault en europa oeste? -> Key Vault in West Europe
ストレージ 西ヨーロッパ -> Storage in West Europe
西ヨーロッパのストレージ -> Storage in West Europe
東日本 仮想マシン -> Virtual Machines in Japan East
東日本のデータベースが落ちている -> Databases in Japan East
米国東部 ストレージ -> Storage in East US
Key Vault 東日本 障害 -> Key Vault in Japan East
التخزين غرب أوروبا -> Storage in West Europe
تخزين شمال أوروبا -> Storage in North Europe
هل التخزين متوقف في غرب أوروبا؟ -> Storage in West Europe
الآلات الافتراضية شرق الولايات المتحدة -> Virtual Machines in East US
maquinas virtuales brasil sur -> Virtual Machines in Brazil South
sao paulo -> Brazil South
storage zurich -> Storage in Switzerland North
stockage suisse nord -> Storage in Switzerland North
base de donnees paris -> Databases in France Central
تخزين غرب اوروبا -> Storage in West Europe
database europe -> Databases in Europe
ＶＭ -> Virtual Machines
サインイン -> Microsoft Entra ID
is storage down? -> Storage
storage west europe down -> Storage in West Europe
why is my vm so slow -> Virtual Machines
is azure storage having issues in west europe -> Storage in West Europe
are you having problems with my storage account in west europe today? -> Storage in West Europe
hello dear team please tell me very quickly whether storage has trouble in west europe -> Storage in West Europe
is it just me or is storage down for everyone -> Storage
can't connect to sql database -> SQL Database
what services are down in west europe -> West Europe
when will key vault be back -> Key Vault
portal doesn't load -> Azure Portal
I can't sign in -> Microsoft Entra ID
is teams down ->
is everything ok? ->
warum ist storage so langsam -> Storage
gibt es probleme mit key vault in Nordeuropa -> Key Vault in North Europe
Ich kann mich nicht anmelden -> Microsoft Entra ID
est-ce que le stockage est en panne ? -> Storage
y a-t-il une panne de stockage en Europe de l'Ouest ? -> Storage in West Europe
¿por qué va tan lento key vault en europa oeste? -> Key Vault in West Europe
no puedo acceder al almacenamiento -> Storage
ストレージは落ちていますか -> Storage
西ヨーロッパのストレージは使えますか？ -> Storage in West Europe
هل التخزين لا يعمل في غرب أوروبا؟ -> Storage in West Europe
لماذا التخزين بطيء -> Storage
storage and key vault in west europe -> Storage, Key Vault in West Europe
storage in east us and west europe -> Storage in East US, West Europe
is storage or app service down -> Storage, App Service
are storage and sql down in uk south -> Storage, SQL Database in UK South
storage, key vault, cosmos db east us west europe -> Storage, Key Vault, Cosmos DB in East US, West Europe
is the portal or entra id down -> Azure Portal, Microsoft Entra ID
is service bus down in west europe or north europe today please -> Service Bus in West Europe, North Europe
hello, is storage and key vault broken pls -> Storage, Key Vault
databases and storage in europe -> Databases, Storage in Europe
west europe and north europe -> West Europe, North Europe
Storage und Key Vault Westeuropa gestört? -> Storage, Key Vault in West Europe
stockage et key vault en europe de l'ouest -> Storage, Key Vault in West Europe
almacenamiento y key vault en europa oeste -> Storage, Key Vault in West Europe
ストレージとKey Vault 西ヨーロッパ -> Storage, Key Vault in West Europe
التخزين و key vault في غرب أوروبا -> Storage, Key Vault in West Europe
"""
# What was typed -> what is looked for where that names too many to speak of them as one.
MANY = """
is data down? -> data
why is the network so slow -> network
Sind die Daten weg? -> data
azure down -> azure
tea pot -> tea pot
"""


@pytest.mark.parametrize("line", QUESTIONS.strip().splitlines())
def test_a_question_is_understood(line: str) -> None:
    asked, _, meant = line.partition(" ->")
    found = subjects(asked, SERVICES, REGIONS)
    assert " in ".join(subject.name for subject in found if subject) == meant.strip()


@pytest.mark.parametrize("line", MANY.strip().splitlines())
def test_what_names_many_is_looked_for_without_the_rest(line: str) -> None:
    asked, _, words = line.partition(" -> ")
    assert words_found(asked, SERVICES, REGIONS) == words
