"""Things one owns and speaks of."""

BELONGINGS = (
    r"(?:car|truck|van|motorcycle|motorbike|bike|bicycle|scooter|suv|boat|campervan|rv|house|"
    r"apartment|condo|flat|cottage|cabin|guitar|piano|violin|cello|drum kit|keyboard|saxophone|"
    r"trumpet|flute|telescope|camera|drone|laptop|macbook(?: \w+)?|iphone(?: \w+)?|ipad(?: \w+)?|"
    r"pixel(?: \w+)?|android phone|desktop|gaming pc|pc|ps5|ps4|xbox|switch|nintendo switch|kindle|"
    r"3d printer|sewing machine|record player|vinyl collection|espresso machine|air fryer|instant pot|"
    r"tesla(?: model \w)?|kayak|tent|surfboard|snowboard|treadmill|peloton|smartwatch|apple watch|"
    r"e-bike|ebike|restaurant|store|garden|greenhouse|pool|hot tub|allotment)"
)
