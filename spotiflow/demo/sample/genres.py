"""The sixteen genres of the sample's world: how they sound, who plays them, what songs are called.

Artists and titles are made up. A title is one of `titles`, or a word of `first` followed by one of `second`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Genre:
    """One genre; features are the genre's centre on Spotify's 0-1 scale."""

    name: str
    danceability: float
    energy: float
    acousticness: float
    instrumental_share: float  # share of its tracks without singing
    speechiness: float
    valence: float
    tempo: float  # beats per minute
    seconds: float  # typical length of a track
    artists: tuple[str, ...]
    titles: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]


# fmt: off
GENRES: tuple[Genre, ...] = (
    Genre(
        name="rain folk",
        danceability=0.42, energy=0.28, acousticness=0.82, instrumental_share=0.04,
        speechiness=0.035, valence=0.31, tempo=98, seconds=215,
        artists=(
            "The Slow Ferries", "Wren Calloway", "Hollis & the Hedgerows", "Ottoline Marsh", "Tin Kettle Choir",
            "Fergus Lowlight", "The Unposted Letters", "Brambling", "Nell Harrowgate",
        ),
        titles=(
            "Last Bus to Saltmarsh", "Your Coat on My Chair", "Umbrella for One", "We Named the Stray Tuesday",
            "The Year the River Moved In", "Postcards I Never Sent", "Half a Loaf, Half a Song",
            "My Grandmother's Radio", "Say “Maybe” Again", "A Map of Puddles",
        ),
        first=(
            "Borrowed", "Quiet", "Mossy", "Unposted", "Crooked", "Wooden", "Patient", "Threadbare", "Lantern-lit",
            "Northern",
        ),
        second=(
            "Umbrella", "Orchard", "Ferry", "Harbour", "Kettle", "Hymn", "November", "Footbridge", "Garden Gate",
            "Cardigan", "Weathervane", "Letters",
        ),
    ),
    Genre(
        name="slowcore",
        danceability=0.36, energy=0.24, acousticness=0.68, instrumental_share=0.12,
        speechiness=0.034, valence=0.15, tempo=78, seconds=285,
        artists=(
            "Dim Harbour", "Everything Unplugged", "Sleep Surveyor", "Low Tide Committee", "Vesper Ohm",
            "The Long Corridor", "Grey Parade", "Anna of the Stairs", "Half-Life Hotel",
        ),
        titles=(
            "I Left the Porch Light On", "Nobody's Birthday", "Answering Machine, 4 a.m.",
            "The Lift Is Out of Order", "You Were the Good Weather", "Sorry for the Inconvenience",
            "Room with No Clock", "All My Plants Are Fine (They're Not)", "Static, Then You", "Leave the Door",
        ),
        first=(
            "Slower", "Empty", "Dim", "Unmade", "Faded", "Forgotten", "Pale", "Hollow", "Last", "Winter",
        ),
        second=(
            "Corridor", "Bed", "Voicemail", "Headlights", "Goodbye", "Motorway", "Window", "Sunday", "Apartment",
            "Anaesthetic", "Photograph", "Carousel",
        ),
    ),
    Genre(
        name="night piano",
        danceability=0.31, energy=0.13, acousticness=0.96, instrumental_share=0.94,
        speechiness=0.04, valence=0.2, tempo=82, seconds=178,
        artists=(
            "Ilse Brandvold", "Matteo Quiñones", "The Moth Conservatory", "Eun-seo Baek", "Lucian Petrescu",
            "Candlewick Trio", "Aurelie Sans", "Hammers & Felt", "Tobiah Finch",
        ),
        titles=(
            "Étude for a Sleeping Cat", "Nocturne in Someone Else's House", "Prelude to Washing Up",
            "The Moth and the Metronome", "Eleven Minutes before Dawn", "Waltz for an Empty Kitchen",
            "Snow, Remembered", "Für Niemanden", "Three Keys Stuck", "Lullaby for the Upstairs Neighbour",
        ),
        first=(
            "Small", "Midnight", "Felted", "Distant", "Sleeping", "Silver", "Second", "Drifting", "Glass",
            "Unfinished",
        ),
        second=(
            "Nocturne", "Waltz", "Prelude", "Étude", "Lullaby", "Staircase", "Moth", "Snowfall", "Candle", "Reverie",
            "Music Box", "Interlude",
        ),
    ),
    Genre(
        name="drone and dusk",
        danceability=0.22, energy=0.17, acousticness=0.78, instrumental_share=0.97,
        speechiness=0.038, valence=0.08, tempo=86, seconds=330,
        artists=(
            "Substation 9", "Lichen Archive", "The Humming Field", "Perihelion Choir", "Tidal Ledger",
            "Cold Orchard", "Marrow & Mist", "Absent Cartographers", "Ferrous Bloom",
        ),
        titles=(
            "The Power Station Sleeps", "Field Recording of a Field", "Below the Reservoir", "What the Glacier Said",
            "Seventeen Hertz", "A Lighthouse for No One", "Permafrost Letters", "Dust in the Projector",
            "Signal Lost, Signal Kept", "The Sea, Slower",
        ),
        first=(
            "Buried", "Iron", "Endless", "Submerged", "Ashen", "Lunar", "Sunken", "Frozen", "Blind", "Vanishing",
        ),
        second=(
            "Reservoir", "Antenna", "Glacier", "Horizon", "Cathedral", "Static", "Orbit", "Furnace", "Shoreline",
            "Signal", "Threshold", "Machine",
        ),
    ),
    Genre(
        name="bedroom pop",
        danceability=0.64, energy=0.47, acousticness=0.44, instrumental_share=0.06,
        speechiness=0.045, valence=0.5, tempo=108, seconds=186,
        artists=(
            "Clementine Radio", "Pocket Aquarium", "June Is a Verb", "Soft Parking", "Milo and the Moon Phone",
            "Duvet Fort", "Nearly Friday", "Kite Homework", "Posy Lindqvist",
        ),
        titles=(
            "Text Me When You're Bored", "Mango at Midnight", "Left My Heart on Read", "Roommate's Cat",
            "Tiny Fan, Big Summer", "Crush on the Lifeguard", "Your Hoodie Won't Call Me Back",
            "Four Percent Battery", "Instant Noodle Love Song", "Okay but Not Okay",
        ),
        first=(
            "Pastel", "Sleepy", "Plastic", "Sideways", "Blurry", "Pocket", "Strawberry", "Awkward", "Sugar-free",
            "Cassette",
        ),
        second=(
            "Crush", "Bedroom", "Goldfish", "Playlist", "Sunburn", "Daydream", "Hoodie", "Voice Note", "Polaroid",
            "Bubble Tea", "Summer", "Telephone",
        ),
    ),
    Genre(
        name="synth pop",
        danceability=0.7, energy=0.74, acousticness=0.07, instrumental_share=0.04,
        speechiness=0.045, valence=0.63, tempo=120, seconds=208,
        artists=(
            "Neon Allotment", "Vector Valentine", "Chrome Canary", "The Polite Robots", "Ada Starlight",
            "Escalators", "Palace of Buttons", "Tomorrow's Arcade", "Hotel Oscillator",
        ),
        titles=(
            "Dial My Satellite", "Love at 120 BPM", "Robots Don't Blush", "Miss You in Binary", "Arcade Honeymoon",
            "Laser Weather", "Please Hold (I'm Dancing)", "Elevator to the Night", "Kiss Me in Stereo",
            "Nachtbus nach Nirgendwo",
        ),
        first=(
            "Electric", "Neon", "Digital", "Velvet", "Midnight", "Chrome", "Infinite", "Ultraviolet", "Hologram",
            "Turbo",
        ),
        second=(
            "Heartbeat", "Boulevard", "Valentine", "Escalator", "Satellite", "Skyline", "Romance", "Circuit",
            "Monorail", "Weekend", "Mirage", "Passport",
        ),
    ),
    Genre(
        name="disco",
        danceability=0.8, energy=0.79, acousticness=0.09, instrumental_share=0.05,
        speechiness=0.05, valence=0.89, tempo=118, seconds=228,
        artists=(
            "Gloria Tangerine", "The Mirrorball Union", "Saturday Plumbers", "Honey Avenue", "Silk & Thunder",
            "Dolores Discothèque", "The Platform Shoes", "Baby Grand Central", "Funkhaus Fruit",
        ),
        titles=(
            "Queue Outside the Sun", "Roller-Skate Republic", "Dance First, Explain Later",
            "Glitter on the Tax Return", "Everybody's Auntie", "Champagne Plumbing", "Boogie with the Boss",
            "Sequins at Breakfast", "One More for the Mirrorball", "Hot Pavement",
        ),
        first=(
            "Golden", "Sequin", "Saturday", "Boogie", "Tangerine", "Champagne", "Dazzling", "Roller-Skate", "Sunset",
            "Platform",
        ),
        second=(
            "Fever", "Parade", "Sunrise", "Groove", "Love Machine", "Carnival", "Paradise", "Moves", "Jubilee",
            "Shimmer", "Queen", "Holiday",
        ),
    ),
    Genre(
        name="sunshine brass",
        danceability=0.76, energy=0.72, acousticness=0.27, instrumental_share=0.1,
        speechiness=0.05, valence=0.92, tempo=112, seconds=242,
        artists=(
            "Kwabena & the Morning Band", "Abena Sunday", "Port of Joy Orchestra", "The Lagoon Trumpets",
            "Mama Zikora", "Fifteen Uncles", "Harbour Road All Stars", "Big Laughing Band", "Prince Okonjo Junior",
        ),
        titles=(
            "Pepper Soup Sunday", "Uncle, Turn It Up", "Morning Market", "Trumpets for Breakfast",
            "Dance, Shopkeeper", "My Neighbour's Wedding", "The Goat Has Tickets", "Bus Conductor's Holiday",
            "Sweet Plantain", "Everyone Is Cousin",
        ),
        first=(
            "Happy", "Sweet", "Sunday", "Laughing", "Palm-wine", "Market", "Golden", "Dancing", "Carnival", "Pepper",
        ),
        second=(
            "Trumpet", "Wedding", "Lagoon", "Uncle", "Celebration", "Morning", "Parade", "Plantain", "Taxi",
            "Thank You", "Harvest", "Kickoff",
        ),
    ),
    Genre(
        name="night techno",
        danceability=0.75, energy=0.84, acousticness=0.03, instrumental_share=0.86,
        speechiness=0.05, valence=0.29, tempo=130, seconds=372,
        artists=(
            "Kessel 4", "Frau Sinus", "Warehouse Weather", "Ostbahn Protokoll", "Dark Fridge", "Motor Minister",
            "Nadja Null", "The Concrete Ballet", "Strobe Pharmacy",
        ),
        titles=(
            "Gate 7, No Announcements", "Betonherz", "Sweat Has No Surname", "Kilowatt Kino", "The Bouncer Dreams",
            "Sub-Basement", "Nachtschicht", "Third Coffee, No Sleep", "Fluchtweg", "Untitled (Loud)",
        ),
        first=(
            "Concrete", "Modular", "Acid", "Subterranean", "Black", "Magnetic", "Hydraulic", "Strobe", "Analogue",
            "Peripheral",
        ),
        second=(
            "Protocol", "Corridor", "Turbine", "Ritual", "Voltage", "Factory", "Sequence", "Basement", "Pressure",
            "Engine", "Tunnel", "Transit",
        ),
    ),
    Genre(
        name="garage rock",
        danceability=0.5, energy=0.87, acousticness=0.02, instrumental_share=0.03,
        speechiness=0.06, valence=0.56, tempo=138, seconds=192,
        artists=(
            "The Broken Vending Machines", "Cat Parade Riot", "Gasoline Sisters", "Left Shoe Army",
            "The Detention Letters", "Margot Switchblade", "Dad's Other Car", "Static Picnic", "The Loud Librarians",
        ),
        titles=(
            "Kick the Jukebox", "Librarian with a Motorbike", "My Band Broke Up on Stage", "Shout It at the Sea",
            "Detention Forever", "Parking Ticket Romance", "Amp Too Big for This Flat", "Two Chords and a Sandwich",
            "Spare Tyre", "Fight the Alarm Clock",
        ),
        first=(
            "Loud", "Broken", "Gasoline", "Reckless", "Cheap", "Electric", "Runaway", "Sideburn", "Crooked",
            "Rubber",
        ),
        second=(
            "Jukebox", "Motorbike", "Haircut", "Detention", "Amplifier", "Riot", "Getaway", "Sneakers", "Alibi",
            "Switchblade", "Boyfriend", "Car Park",
        ),
    ),
    Genre(
        name="heavy weather",
        danceability=0.29, energy=0.83, acousticness=0.03, instrumental_share=0.34,
        speechiness=0.07, valence=0.12, tempo=112, seconds=395,
        artists=(
            "Anvil Cloud", "Thirteenth Winter", "Mountain of Teeth", "Gravewater", "Old Thunder Hymnal",
            "The Widow's Barometer", "Slag Cathedral", "Leviathan Toll", "Obsidian Harvest",
        ),
        titles=(
            "The Bell beneath the Lake", "Throat of the Mountain", "Salt for the Drowned", "No Sun over Karst",
            "Crown of Hail", "Barometer Falling", "We Buried the Lightning", "Wolves in the Signal Box",
            "Ash Wednesday Forever", "Hammer, Anvil, Flood",
        ),
        first=(
            "Black", "Drowned", "Iron", "Burning", "Ancient", "Thunderous", "Widowed", "Frostbitten", "Ruined",
            "Godless",
        ),
        second=(
            "Avalanche", "Tempest", "Monolith", "Funeral", "Leviathan", "Ember", "Crown", "Abyss", "Hailstorm",
            "Requiem", "Mountain", "Tide",
        ),
    ),
    Genre(
        name="story rap",
        danceability=0.77, energy=0.66, acousticness=0.17, instrumental_share=0.02,
        speechiness=0.27, valence=0.53, tempo=94, seconds=198,
        artists=(
            "Professor Pigeon", "Deli Laureate", "Kid Cartographer", "Sunny Fontaine", "The Stoop Historians",
            "Mx. Margin", "Quarter to Nova", "Big Tuesday", "Footnote & Friends",
        ),
        titles=(
            "Library Card", "Rent Due, Poem Due", "Bodega Cat Soliloquy", "Grandma Had the Aux", "Third Train Home",
            "Notes App Confessional", "Pigeon Politics", "Corner Seat", "Receipts (All of Them)", "Mama's Voicemail",
        ),
        first=(
            "Corner", "Golden", "Brooklyn", "Rooftop", "Notebook", "Midnight", "Lucky", "Sidewalk", "Overtime",
            "Double",
        ),
        second=(
            "Theory", "Receipts", "Stoop", "Chapter", "Payday", "Sermon", "Bodega", "Footnotes", "Champion",
            "Homework", "Freestyle", "Transfer",
        ),
    ),
    Genre(
        name="kitchen jazz",
        danceability=0.54, energy=0.39, acousticness=0.72, instrumental_share=0.55,
        speechiness=0.042, valence=0.57, tempo=112, seconds=258,
        artists=(
            "The Saucepan Quartet", "Delphine Okafor", "Six O'Clock Sharp", "Basil & the Thymes", "Low Stool Trio",
            "Henrietta Vamp", "The Corner Table", "Bluebottle Five", "Samir Ahn Ensemble",
        ),
        titles=(
            "Stir until Swing", "Blue Butter", "The Cat Walks the Bass", "Two Eggs, One Trumpet", "Tuesday Soup",
            "Take the Stairs", "Pepper Mill Blues", "So What's for Dinner", "Ballad for the Dishwasher",
            "Café Meridian",
        ),
        first=(
            "Blue", "Buttered", "Slow-cooked", "Smoky", "Lazy", "Corner", "Copper", "Late", "Brushed", "Sunday",
        ),
        second=(
            "Saucepan", "Bossa", "Ballad", "Swing", "Espresso", "Table", "Trumpet", "Recipe", "Brushes", "Supper",
            "Piano Stool", "Stroll",
        ),
    ),
    Genre(
        name="monsoon pop",
        danceability=0.66, energy=0.62, acousticness=0.34, instrumental_share=0.06,
        speechiness=0.045, valence=0.67, tempo=104, seconds=238,
        artists=(
            "Tara Banerjee-Lal", "The Tram Line Lovers", "Chai Constellation", "Rohan & the Rickshaws",
            "Malati Deep", "Kagojer Nouka", "Monsoon Stereo", "Shiuli Park", "Half Past Howrah",
        ),
        titles=(
            "বৃষ্টির চিঠি", "Tram Number Twenty-Four", "Marigold Umbrella", "Phuchka Promise", "Rooftop Kite War",
            "Chai before Thunder", "Love on the Local Train", "Paper Boat Captain", "Shiuli Morning",
            "Rain Check, Darling",
        ),
        first=(
            "Marigold", "Monsoon", "Rooftop", "Jasmine", "Festival", "Saffron", "Paper-boat", "Evening", "Tramline",
            "Firefly",
        ),
        second=(
            "Umbrella", "Promise", "Serenade", "Thunder", "Kite", "Lantern", "Station", "Raincoat", "Rickshaw",
            "Postcard", "Courtyard", "Melody",
        ),
    ),
    Genre(
        name="bossa",
        danceability=0.66, energy=0.38, acousticness=0.77, instrumental_share=0.12,
        speechiness=0.042, valence=0.74, tempo=118, seconds=188,
        artists=(
            "Joana Beiramar", "The Hammock Society", "Caju & Clara", "Tide Table Samba", "Nilo do Vale",
            "Seabird Guitar Club", "Lia Maresia", "Papaya Post Office", "Otto Laguna",
        ),
        titles=(
            "Hammock Weather", "Coconut Semaphore", "Barefoot on Tuesday", "The Ferry Smiles Back",
            "Saudade, but Sunny", "Pelican Waltz", "Slow Boat to Breakfast", "Lime & Lullaby",
            "Cloud Shaped like You", "Janela Aberta",
        ),
        first=(
            "Breezy", "Barefoot", "Golden", "Lemon", "Coastal", "Gentle", "Papaya", "Salt-kissed", "Drowsy",
            "Terrace",
        ),
        second=(
            "Hammock", "Samba", "Balcony", "Seabird", "Breeze", "Terrace", "Afternoon", "Coconut", "Ferry",
            "Sandals", "Guitar", "Siesta",
        ),
    ),
    Genre(
        name="surf",
        danceability=0.57, energy=0.75, acousticness=0.11, instrumental_share=0.2,
        speechiness=0.04, valence=0.81, tempo=144, seconds=168,
        artists=(
            "The Wet Pianos", "Barnacle Bay", "Tommy Longboard", "Pelican Crossing", "The Sunburnt Necks",
            "Shark Etiquette", "Reef Madness", "Coral & the Currents", "Salty Dog Academy",
        ),
        titles=(
            "Wipeout Etiquette", "Seagull Stole My Chips", "Sunscreen Serenade", "Low Tide, High Five",
            "Shark Says Hi", "Boardshort Ballad", "Bluebottle Boogie", "Esky Full of Stars", "Five A.M. Swell",
            "Zinc on My Nose",
        ),
        first=(
            "Salty", "Sunburnt", "Turquoise", "Barrel", "Sandy", "Golden", "Dawn", "Coral", "Runaway", "Boardwalk",
        ),
        second=(
            "Swell", "Longboard", "Seagull", "Break", "Lifeguard", "Lagoon", "Tide", "Dolphin", "Wipeout",
            "Sandcastle", "Headland", "Summer",
        ),
    ),
)
# fmt: on

GENRE_NAMES: tuple[str, ...] = tuple(genre.name for genre in GENRES)

LIVE_AT = ("Live at the Tin Chapel", "Live from Pier 4", "Live at Gasworks Hall", "Live in the Botanical Garden")
REISSUES = ("Deluxe", "Anniversary Edition", "Collected")
