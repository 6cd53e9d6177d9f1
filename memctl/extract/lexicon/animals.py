"""Animals people keep, and how they are described."""

from memctl.extract.wordlist import words

PETS = words(
    "dog cat puppy kitten kitty parrot rabbit bunny hamster horse pony goldfish turtle tortoise snake lizard "
    "gecko bird budgie ferret chinchilla corgi labrador retriever poodle beagle dachshund husky "
    "terrier bulldog chihuahua greyhound collie shepherd pug pup pet hedgehog cockatiel parakeet "
    "iguana axolotl tarantula spaniel schnauzer dalmatian mutt chicken hen goat donkey fish guinea-pig"
)
PET = "|".join((*PETS, "guinea pig"))
PET_TRAITS = (
    r"(?:(?:a|an|the|my|our|new|rescue|little|cute|this|adorable|one|two|three|four|five|six|\d+|"
    r"older|old|young|elderly|black|white|orange|ginger|tabby|golden|brown|grey|gray|german|french|"
    r"border|great|siamese|persian|maine coon|siberian|english|bernese|mountain|australian|labrador|"
    r"second|tiny|big|lovely|senior|spaniel|jack|russell|shiba|inu|\w+-year-old) )+"
)
