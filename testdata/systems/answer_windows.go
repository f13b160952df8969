package systems

const answer = "forty-two"
